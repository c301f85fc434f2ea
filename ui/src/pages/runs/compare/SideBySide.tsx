import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";

import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";

import css from "./Compare.module.css";

export type Head = Schemas["RunHead"];

type Props = {
  title: string;
  heads: readonly Head[];
  /** Puts runs in another order, or leaves one out. */
  leave?: (runs: string[]) => void;
  /** Rows of the table. */
  children: ReactNode;
  /** What stands above the table. */
  note?: ReactNode;
};

/** A table with one column a run. */
export function SideBySide({ title, heads, leave, children, note }: Props) {
  const id = useId();
  const ids = heads.map((head) => head.run_id);
  return (
    <section className="stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {note}
      {/* Scrolls sideways where there are many runs, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} tabIndex={0} role="region" aria-labelledby={id}>
        <table className={css.table}>
          <thead>
            <tr>
              <td />
              {heads.map((head, index) => (
                <th key={head.run_id} scope="col" className={css.column}>
                  <Link to="/runs/$runId" params={{ runId: head.run_id }}>
                    <Cut text={head.run_name || head.run_id} />
                  </Link>
                  {index === 0 && heads.length > 1 && <Badge>first</Badge>}
                  {leave && heads.length > 1 && (
                    <div className={css.tools}>
                      {index > 0 && (
                        <Button
                          look="quiet"
                          aria-label={`First: ${head.run_name}`}
                          onClick={() => leave([head.run_id, ...ids.filter((other) => other !== head.run_id)])}
                        >
                          First
                        </Button>
                      )}
                      <Button
                        look="quiet"
                        aria-label={`Leave out ${head.run_name}`}
                        onClick={() => leave(ids.filter((other) => other !== head.run_id))}
                      >
                        ✕
                      </Button>
                    </div>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}
