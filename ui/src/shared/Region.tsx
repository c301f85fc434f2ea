import type { ReactNode } from "react";

import css from "./Region.module.css";

type Props = {
  /** What it holds, for people who hear it; or `labelledBy`, the id of a heading that says so. */
  label?: string;
  labelledBy?: string;
  /** Whether it is scrolled up and down too. */
  tall?: boolean;
  children: ReactNode;
};

/** A table that may be wider than its place: it scrolls sideways, by the keyboard too. */
export function Region({ label, labelledBy, tall = false, children }: Props) {
  return (
    <div
      className={`${css.scroller} ${tall ? css.tall : ""}`}
      // A region that scrolls must be reached by the keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="region"
      aria-label={label}
      aria-labelledby={labelledBy}
    >
      {children}
    </div>
  );
}
