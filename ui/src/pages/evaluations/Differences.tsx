import { Region } from "~/shared/Region";
import { count } from "~/shared/quantities";

import css from "./Differences.module.css";
import { IntervalPicture } from "./IntervalPicture";
import type { Comparison } from "./queries";
import { VerdictBadge } from "./Verdict";

/** Each score of two variants: means, difference, interval, p-value, verdict, and how all was computed. */
export function Differences({ comparison }: { comparison: Comparison }) {
  const { a, b, differences, left_out: words, methods, primary } = comparison;
  return (
    <section className="stack" aria-labelledby="differences">
      <h2 id="differences">Differences</h2>
      <Region labelledBy="differences">
        <table>
          <thead>
            <tr>
              <th scope="col">Score</th>
              <th scope="col" className="number">
                {a}
              </th>
              <th scope="col" className="number">
                {b}
              </th>
              <th scope="col" className="number">
                Difference
              </th>
              <th scope="col">{Math.round(100 * Number(comparison.confidence))} % interval</th>
              <th scope="col" className="number" title="Corrected for the number of scores (Holm)">
                p
              </th>
              <th scope="col">Verdict</th>
              <th scope="col" className={css.whole}>
                Won, lost, tied
              </th>
              <th scope="col">Test</th>
            </tr>
          </thead>
          <tbody>
            {differences.map((one) => (
              <tr key={one.score}>
                <th scope="row">
                  {one.score}
                  {primary.length > 0 && <div className="small muted">{one.primary ? "primary" : "secondary"}</div>}
                  {!one.higher_is_better && <div className="small muted">lower is better</div>}
                </th>
                <td className="number">{one.mean_a_shown}</td>
                <td className="number">{one.mean_b_shown}</td>
                <td className="number">{one.difference_shown}</td>
                <td className={css.whole}>
                  {one.interval_shown}
                  <IntervalPicture of={one} />
                </td>
                <td className={css.number} title={`${one.p_shown} before it was corrected`}>
                  {one.p_adjusted_shown}
                </td>
                <td>
                  <VerdictBadge verdict={one.verdict} />
                </td>
                <td className={css.whole}>
                  {count(one.won)}, {count(one.lost)}, {count(one.tied)}
                </td>
                <td className="small">{one.test}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Region>
      {words.length > 0 && (
        <p className="small muted">Words have no difference: {words.join(", ")}. Their distribution is below.</p>
      )}
      <details>
        <summary>How this was computed</summary>
        <ul>
          {methods.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}
