import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { given } from "~/shared/search";
import { Select } from "~/shared/Select";

import { comparisonQuery, type Evaluation, evaluationQuery } from "./queries";
import { evaluationRoute } from "./routes";
import { CONFIDENCES } from "./search";

/** Which two variants are compared, and how sure a verdict must be. */
export function PairChoice({ evaluation }: { evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const names = evaluation.variants.map((variant) => variant.name);
  const a = search.a ?? evaluation.a ?? "";
  const b = search.b ?? evaluation.b ?? "";
  if (names.length < 2 && search.with === undefined) return null;
  const choose = (change: { a?: string; b?: string }) =>
    void navigate({ search: (old) => given({ ...old, a, b, ...change, at: undefined }) });
  return (
    <div className="row">
      {search.with !== undefined && <Other runId={search.with} evaluation={evaluation} />}
      {search.with === undefined && (
        <label className="row">
          Baseline
          <Select
            value={a}
            onChange={({ target }) => choose(target.value === b ? { a: b, b: a } : { a: target.value })}
          >
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </label>
      )}
      <label className="row">
        Variant
        <Select value={b} onChange={({ target }) => choose(target.value === a ? { a: b, b: a } : { b: target.value })}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </label>
      <label className="row">
        Confidence
        <Select
          value={search.confidence ?? "0.95"}
          onChange={({ target }) => {
            const confidence = CONFIDENCES.find((one) => one === target.value) ?? "0.95";
            void navigate({ search: (old) => ({ ...old, confidence }) });
          }}
        >
          {CONFIDENCES.map((one) => (
            <option key={one} value={one}>
              {Math.round(100 * Number(one))} %
            </option>
          ))}
        </Select>
      </label>
    </div>
  );
}

/** The other evaluation that the baseline is of, which of its variants that is, and the way back. */
function Other({ runId, evaluation }: { runId: string; evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const { data } = useQuery(evaluationQuery(runId));
  const shown = useQuery(comparisonQuery(evaluation.summary.run_id, search)).data;
  return (
    <>
      <label className="row">
        Baseline
        <Select
          value={search.a ?? shown?.a ?? ""}
          onChange={({ target }) =>
            void navigate({ search: (old) => given({ ...old, a: target.value, at: undefined }) })
          }
        >
          {data?.variants.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </label>
      <span>
        of{" "}
        <Link to="/evaluations/$runId" params={{ runId }} dir="auto">
          {data?.summary.name ?? "another evaluation"}
        </Link>
      </span>
      <Link to="/evaluations/$runId" params={{ runId: evaluation.summary.run_id }} search={{}} className="small">
        Without it
      </Link>
    </>
  );
}
