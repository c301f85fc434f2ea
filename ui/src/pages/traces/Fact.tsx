import type { ReactNode } from "react";

import css from "./RollUp.module.css";

type Props = {
  name: string;
  /** Keeps its width, because what it says comes later than the rest. */
  late?: boolean;
  children: ReactNode;
};

/** One fact of a list of them (`<dl>`). */
export function Fact({ name, late, children }: Props) {
  return (
    <div className={late ? `${css.fact} ${css.late}` : css.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
