import { type ReactNode, useId } from "react";

type Props = {
  title: string;
  /** Where all of it is. */
  all?: ReactNode;
  /** What stands there when nothing changed. */
  nothing: string;
  children?: ReactNode;
};

/** One kind of change. */
export function HomeCard({ title, all, nothing, children }: Props) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} className="card stack">
      <div className="row">
        <h2 id={heading} className="grow">
          {title}
        </h2>
        {all}
      </div>
      {children ?? <p className="muted">{nothing}</p>}
    </section>
  );
}
