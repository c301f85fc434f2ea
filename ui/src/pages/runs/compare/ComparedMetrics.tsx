import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { number } from "~/shared/quantities";

import css from "./Compare.module.css";
import { type Head, SideBySide } from "./SideBySide";

/** The metrics of runs, the best of each marked, with the distance from the first run. */
export function ComparedMetrics({ heads, rows }: { heads: readonly Head[]; rows: readonly Schemas["MetricRow"][] }) {
  if (rows.length === 0) return null;
  return (
    <SideBySide title="Metrics" heads={heads}>
      {rows.map((row) => (
        <tr key={row.key}>
          <th scope="row" dir="auto">
            {row.key}
            {row.lower_is_better && <div className="small muted">less is better</div>}
          </th>
          {row.values.map((value, index) => {
            const delta = row.deltas[index];
            const isBest = row.best.includes(index);
            return (
              <td key={heads[index]?.run_id} className={`${css.number} ${isBest ? css.best : ""}`}>
                {value === null ? <span className="muted">–</span> : number(toNumber(value))}{" "}
                {isBest && <Badge tone="good">best</Badge>}
                {index > 0 && delta != null && <div className="small muted">{signed(toNumber(delta))}</div>}
              </td>
            );
          })}
        </tr>
      ))}
    </SideBySide>
  );
}

function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value).replace("-", "−");
}
