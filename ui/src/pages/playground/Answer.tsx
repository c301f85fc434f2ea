import { Link } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Failure } from "~/shared/Failure";
import { cost, count, duration } from "~/shared/quantities";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";

import css from "./Playground.module.css";
import type { Run, Runs } from "./runs";
import { useRun } from "./useRuns";

/** The answer as it comes, and what it took. */
export function Answer({ runs, variant }: { runs: Runs; variant: string }) {
  const run = useRun(runs, variant);
  if (!run) return null;
  const { done, failed, error, running, stopped, text } = run;
  return (
    <div className={css.answer} aria-busy={running}>
      <div className="row">
        <h3 className="grow">Answer</h3>
        {running && (
          <span className="muted small" role="status">
            Answering …
          </span>
        )}
        {stopped && <Badge tone="warn">stopped</Badge>}
        {done?.simulated && (
          <Badge tone="warn" title="A simulator wrote these words, not a model">
            simulator
          </Badge>
        )}
        {done?.finish_reason && <Badge title="Why the answer ended">{done.finish_reason}</Badge>}
      </div>
      {text !== "" && <LongText text={text} copies={!running} />}
      {done?.calls && <Json value={done.calls} />}
      {done && text === "" && !done.calls && <p className="muted">The answer has no words.</p>}
      {error !== undefined && <Failure error={error} />}
      {failed && <Failure error={new Error(failed.message)} />}
      {done && <Measures done={done} />}
      {failed?.trace_id && (
        <p className="small">
          <Link to="/traces/$traceId" params={{ traceId: failed.trace_id }}>
            Its trace
          </Link>
        </p>
      )}
    </div>
  );
}

function Measures({ done }: { done: NonNullable<Run["done"]> }) {
  const known = (value: string | number | null | undefined) => {
    const number = toNumber(value);
    return Number.isFinite(number) ? number : undefined;
  };
  const measures = [
    ["Tokens in", count(done.input_tokens)],
    ["Tokens out", count(done.output_tokens)],
    ["Cost", cost(known(done.cost_usd))],
    ["First token", duration(known(done.first_token_ms))],
    ["Latency", duration(known(done.latency_ms))],
  ] as const;
  return (
    <>
      <dl className={css.measures}>
        {measures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="row small muted">
        <span>{done.model}</span>
        {done.trace_id && (
          <Link to="/traces/$traceId" params={{ traceId: done.trace_id }}>
            Its trace
          </Link>
        )}
      </p>
    </>
  );
}
