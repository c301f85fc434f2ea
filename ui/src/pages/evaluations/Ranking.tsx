import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Region } from "~/shared/Region";
import { Failure } from "~/shared/Failure";

import { type Evaluation, rankingQuery } from "./queries";
import { evaluationRoute } from "./routes";
import { VerdictBadge } from "./Verdict";

/** All variants by the score that decides, each against the baseline; shown where there are more than two. */
export function Ranking({ evaluation }: { evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const score = evaluation.scores.find(({ primary }) => primary)?.name ?? evaluation.scores[0]?.name;
  const baseline = search.a ?? evaluation.a ?? undefined;
  const { data, error, refetch } = useQuery(rankingQuery(evaluation.summary.run_id, score, baseline));
  if (error) return <Failure error={error} again={() => void refetch()} />;
  if (!data) return null;
  return (
    <section className="stack" aria-labelledby="ranking">
      <h2 id="ranking">All variants by {data.score}</h2>
      <Region labelledBy="ranking">
        <table>
          <thead>
            <tr>
              <th scope="col" className="number">
                Place
              </th>
              <th scope="col">Variant</th>
              <th scope="col" className="number">
                {data.score}
              </th>
              <th scope="col">Against {data.baseline}</th>
              <th scope="col">Interval</th>
              <th scope="col" className="number" title="Corrected for the number of variants (Holm)">
                p
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {data.places.map((one) => (
              <tr key={one.variant}>
                <td className="number">{one.place}</td>
                <th scope="row">
                  {one.variant === data.baseline ? (
                    one.variant
                  ) : (
                    <Link
                      from={evaluationRoute.fullPath}
                      search={(old) => ({ ...old, a: data.baseline, b: one.variant })}
                    >
                      {one.variant}
                    </Link>
                  )}
                </th>
                <td className="number">{one.mean_shown}</td>
                <td>{one.difference_shown || "baseline"}</td>
                <td>{one.interval_shown}</td>
                <td className="number">{one.p_adjusted_shown}</td>
                <td>{one.verdict && <VerdictBadge verdict={one.verdict} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Region>
    </section>
  );
}
