import { type ReactNode, useEffect } from "react";

import { CopyButton } from "./CopyButton";
import css from "./Page.module.css";

type Props = {
  title: string;
  /** What the title names, where it alone does not say: "Run", "Prompt". */
  kind?: string;
  subtitle?: ReactNode;
  actions?: ReactNode;
  /** Whether the page fills the window and scrolls inside of itself, as a table does. */
  fills?: boolean;
  children?: ReactNode;
};

/** One page: its title, also the window's, what can be done with it, and its content. */
export function Page({ title, kind, subtitle, actions, fills = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Quire`;
  }, [title]);
  return (
    <div className={fills ? `${css.page} ${css.fills}` : css.page}>
      <div className={css.head}>
        <div className="grow">
          {kind !== undefined && <p className="muted small">{kind}</p>}
          <h1 dir="auto">{title}</h1>
          {subtitle !== undefined && <div className="muted small">{subtitle}</div>}
        </div>
        <div className={`row ${css.actions}`}>
          {actions}
          <CopyButton text={() => location.href} what="link to this view" />
        </div>
      </div>
      {children}
    </div>
  );
}
