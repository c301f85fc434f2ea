import type { ReactNode } from "react";

import css from "./RollUp.module.css";

/** One fact of a list of them (`<dl>`). */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
