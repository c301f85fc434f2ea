import type { Schemas } from "~/api/types";
import { LongText } from "~/shared/text/LongText";

import css from "./Compare.module.css";
import { type Head, SideBySide } from "./SideBySide";

type Props = {
  title: string;
  heads: readonly Head[];
  rows: readonly Schemas["TextRow"][];
  /** Whether those that are the same everywhere are shown too. */
  all: boolean;
  leave?: (runs: string[]) => void;
};

/** Params or tags of runs, those that differ first. */
export function ComparedTexts({ title, heads, rows, all, leave }: Props) {
  const shown = all ? rows : rows.filter((row) => row.differs);
  const same = rows.length - shown.length;
  return (
    <SideBySide title={title} heads={heads} {...(leave && { leave })}>
      {shown.map((row) => (
        <tr key={row.key} className={row.differs ? undefined : css.same}>
          <th scope="row" dir="auto">
            {row.key}
          </th>
          {row.values.map((value, index) => (
            <td key={heads[index]?.run_id} className={css.value}>
              {value === null ? <span className="muted">–</span> : <LongText text={value} shown={300} />}
            </td>
          ))}
        </tr>
      ))}
      {shown.length === 0 && (
        <tr>
          <td colSpan={heads.length + 1} className="muted">
            {same > 0 ? `All ${same} are the same.` : "There are none."}
          </td>
        </tr>
      )}
    </SideBySide>
  );
}
