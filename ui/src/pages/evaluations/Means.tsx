import { count } from "~/shared/quantities";
import { Region } from "~/shared/Region";

import type { Evaluation } from "./queries";

/** The scores of an evaluation that compares nothing: means, and how many answers lack them. */
export function Means({ evaluation }: { evaluation: Evaluation }) {
  const scores = evaluation.scores.filter(({ means }) => means.length > 0);
  if (scores.length === 0) return null;
  return (
    <section className="stack" aria-labelledby="means">
      <h2 id="means">Scores</h2>
      <Region labelledBy="means">
        <table>
          <thead>
            <tr>
              <th scope="col">Score</th>
              <th scope="col" className="number">
                Mean
              </th>
              <th scope="col" className="number">
                Without
              </th>
            </tr>
          </thead>
          <tbody>
            {scores.map(({ name, means }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="number">{means[0]?.shown}</td>
                <td className="number">{count(means[0]?.missing)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Region>
      <p className="small muted">
        One variant is compared with nothing, so there is no verdict. Compare it with an evaluation on the same data
        from the list of evaluations.
      </p>
    </section>
  );
}
