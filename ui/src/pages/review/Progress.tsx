import { count } from "~/shared/quantities";

import css from "./Review.module.css";

/** How far something is, as a bar and in numbers. */
export function Progress({ label, done, items }: { label: string; done: number; items: number }) {
  return (
    <div className={css.progress}>
      <progress aria-label={label} max={items || 1} value={done} />
      <span className="small" title={label}>
        {count(done)} of {count(items)}
      </span>
    </div>
  );
}
