import type { ReactNode } from "react";

import { Code } from "./Code";

/** Nothing is here yet: why, and the command that changes it. */
export function Empty({ title, command, children }: { title: string; command?: string; children?: ReactNode }) {
  return (
    <div className="card stack">
      <h2>{title}</h2>
      {children !== undefined && <div className="muted">{children}</div>}
      {command !== undefined && <Code text={command} what="command" />}
    </div>
  );
}
