import { count } from "~/shared/quantities";
import { Region } from "~/shared/Region";

import css from "./Confusion.module.css";
import type { ScoreAgainstPeople } from "./queries";

const DEEPEST = 28;

/** How often people said one thing and the score another: the darker, the more; on the diagonal both say the same. */
export function Confusion({ score: { labels, score, table } }: { score: ScoreAgainstPeople }) {
  const most = Math.max(1, ...table.flat());
  return (
    <Region label={`People and ${score}`}>
      <table className={css.table}>
        <caption className="small muted">Rows: people. Columns: {score}.</caption>
        <thead>
          <tr>
            <td />
            {labels.map((label) => (
              <th key={label} scope="col" dir="auto">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.map((counts, at) => (
            <tr key={labels[at]}>
              <th scope="row" dir="auto">
                {labels[at]}
              </th>
              {counts.map((number, other) => (
                <td
                  key={labels[other]}
                  className="number"
                  data-same={at === other}
                  style={{ backgroundColor: shade(number / most, at === other) }}
                >
                  {count(number)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}

function shade(share: number, same: boolean): string {
  return `color-mix(in srgb, var(${same ? "--good" : "--bad"}) ${Math.round(DEEPEST * share)}%, transparent)`;
}
