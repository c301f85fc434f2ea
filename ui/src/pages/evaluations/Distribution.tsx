import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { LongText } from "~/shared/text/LongText";
import { Select } from "~/shared/Select";

import { distributionQuery, type Evaluation, type Spread } from "./queries";
import { evaluationRoute } from "./routes";
import { spreadOption } from "./spread";
import { SpreadTable } from "./SpreadTable";

/** How the values of a score are spread: for each variant, and the differences between two of them. */
export function Distribution({ evaluation }: { evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const scores = evaluation.scores.filter((score) => score.means.length > 0);
  const primary = scores.find((score) => score.primary) ?? scores[0];
  const score = search.spread ?? primary?.name ?? "";
  const { data, error, refetch } = useQuery({
    ...distributionQuery(evaluation.summary.run_id, search, score),
    enabled: score !== "",
  });
  if (!score) return null;
  const errors = scores.find(({ name }) => name === score)?.means.map(({ first_error: error }) => error);
  return (
    <section className="stack" aria-labelledby="distribution">
      <div className="row">
        <h2 id="distribution" className="grow">
          Distribution
        </h2>
        <label className="row">
          Score
          <Select
            value={score}
            onChange={({ target }) =>
              void navigate({
                search: (old) => ({ ...old, spread: target.value }),
                replace: true,
                resetScroll: false,
              })
            }
          >
            {scores.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </label>
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="the distribution" />}
      {data && !hasAny(data.values) && <p className="muted">No answer has this score.</p>}
      {data && hasAny(data.values) && (
        <div className="cards">
          <Picture title={`${data.score} by variant`} spread={data.values} />
          {data.differences && hasAny(data.differences) && (
            <Picture title={`Difference of ${data.score}, record by record`} spread={data.differences} />
          )}
        </div>
      )}
      {data && <Missing missing={data.missing} errors={errors} />}
    </section>
  );
}

function Picture({ title, spread }: { title: string; spread: Spread }) {
  const option = useMemo(() => spreadOption(spread), [spread]);
  return (
    <figure className="card stack">
      <figcaption>{title}</figcaption>
      <Chart label={`${title}: how many records or answers have each value. The numbers are below.`} option={option} />
      <details>
        <summary>Numbers</summary>
        <SpreadTable spread={spread} label={title} />
      </details>
    </figure>
  );
}

const hasAny = (spread: Spread) => Object.values(spread.counts).some((counts) => counts.some((count) => count > 0));

type Lacking = { missing: Record<string, number>; errors: readonly (string | null | undefined)[] | undefined };

function Missing({ missing, errors }: Lacking) {
  const lacking = Object.entries(missing).filter(([, count]) => count > 0);
  if (lacking.length === 0) return null;
  const said = lacking.map(([name, count]) => `${count} of ${name}`).join(", ");
  const error = errors?.find(Boolean);
  return (
    <div className="small muted">
      <p>Without a score: {said}.</p>
      {error && <LongText text={`The scorer's first error: ${error}`} shown={300} />}
    </div>
  );
}
