import { type ReactNode, useId } from "react";

import css from "./parts.module.css";

type Props = { title: string; actions?: ReactNode; children: ReactNode };

/** One part of a page, under its heading. */
export function Section({ title, actions, children }: Props) {
  const heading = useId();
  return (
    <section className={css.card} aria-labelledby={heading}>
      <div className="row">
        <h2 id={heading} className="grow">
          {title}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
