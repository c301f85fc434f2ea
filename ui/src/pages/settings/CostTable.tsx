import { Link } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import { Cut } from "~/shared/Cut";
import { cost, count, duration } from "~/shared/quantities";

import { groupName, type Usage } from "./costs";
import type { UsageBy } from "./search";
import css from "./settings.module.css";

type Props = { by: UsageBy; rows: readonly Usage[]; names: ReadonlyMap<string, string> };

/** What each group used, as the server summed it up. */
export function CostTable({ by, rows, names }: Props) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
    <div className={css.scroller} tabIndex={0} role="region" aria-label="Usage, scrollable">
      <table>
        <thead>
          <tr>
            <th scope="col">{by === "day" ? "Day (UTC)" : by.replace("_", " ")}</th>
            <th scope="col" className="number">
              Cost
            </th>
            <th scope="col" className="number">
              {by === "model" ? "Calls" : "Traces"}
            </th>
            <th scope="col" className="number">
              Failed
            </th>
            <th scope="col" className="number">
              Tokens in
            </th>
            <th scope="col" className="number">
              Tokens out
            </th>
            <th scope="col" className="number">
              Median time
            </th>
            <th scope="col" className="number">
              95 % within
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <td className={css.name}>
                <Group by={by} id={row.key} name={groupName(by, row.key, names)} />
              </td>
              <td className="number">{row.cost === undefined || row.cost === null ? "–" : cost(toNumber(row.cost))}</td>
              <td className="number">{count(row.count)}</td>
              <td className="number">{count(row.errors)}</td>
              <td className="number">{count(row.input_tokens)}</td>
              <td className="number">{count(row.output_tokens)}</td>
              <td className="number">{duration(row.p50_ms)}</td>
              <td className="number">{duration(row.p95_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Group({ by, id, name }: { by: UsageBy; id: string; name: string }) {
  const shown = <Cut text={name} />;
  if (id === "") return shown;
  if (by === "experiment") {
    return (
      <Link to="/runs" search={{ experiments: [id] }}>
        {shown}
      </Link>
    );
  }
  if (by === "run") {
    return (
      <Link to="/runs/$runId" params={{ runId: id }}>
        {shown}
      </Link>
    );
  }
  return shown;
}
