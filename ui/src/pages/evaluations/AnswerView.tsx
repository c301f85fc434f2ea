import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { may, useMe } from "~/shared/me";
import { cost, count, duration } from "~/shared/quantities";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";

import { type Answer, evaluationQuery } from "./queries";
import { Rate } from "./Rate";
import { Ratings } from "./Ratings";
import { Value } from "./RowContent";
import css from "./RowReview.module.css";
import { scoreWord } from "./scoreWord";

type Props = { runId: string; index: number; answer: Answer; isChosen: boolean; showsOutput: boolean };

/** One variant's answer: its scores with their reasons, its words, what it took, and people's ratings. */
export function AnswerView({ runId, index, answer, isChosen, showsOutput }: Props) {
  const mayRate = useMayRate(runId);
  return (
    <section className={css.answer} data-chosen={isChosen} aria-label={`Answer of ${answer.variant}`}>
      <div className="row">
        <h3 className="grow" dir="auto">
          {answer.variant}
          {answer.repeat > 0 && <span className="muted small"> repeat {answer.repeat + 1}</span>}
        </h3>
        {answer.trace_id && (
          <Link to="/traces/$traceId" params={{ traceId: answer.trace_id }} className="small">
            Trace
          </Link>
        )}
      </div>
      <Scores answer={answer} />
      {answer.error !== undefined && answer.error !== null ? (
        <div>
          <Badge tone="bad">failed</Badge>
          <LongText text={answer.error} />
        </div>
      ) : (
        showsOutput && <Value value={answer.outputs} {...(answer.output_text && { text: answer.output_text })} />
      )}
      {answer.refusal && (
        <div>
          <Badge tone="warn">refusal</Badge>
          <LongText text={answer.refusal} />
        </div>
      )}
      {(answer.tool_calls?.length ?? 0) > 0 && <Json value={answer.tool_calls} />}
      <p className="small muted">{took(answer)}</p>
      {mayRate && <Rate runId={runId} index={index} answer={answer} isChosen={isChosen} />}
      {mayRate === false && (
        <>
          <p className="small muted">Rating needs the role editor on the experiment.</p>
          <Ratings ratings={answer.ratings} />
        </>
      )}
    </section>
  );
}

/** Whether who looks may rate answers; undefined until that is known. */
function useMayRate(runId: string): boolean | undefined {
  const me = useMe();
  const { data } = useQuery(evaluationQuery(runId));
  return me && data && may(me, "editor", "experiment", data.summary.experiment_id);
}

function Scores({ answer }: { answer: Answer }) {
  return (
    <ul className={css.scores}>
      {answer.scores.map((score) => (
        <li key={score.name}>
          <span dir="auto">{score.name}</span> <strong>{scoreWord(score)}</strong>
          {score.error && <LongText text={score.error} shown={300} />}
          {score.rationale && <LongText text={score.rationale} shown={600} />}
        </li>
      ))}
    </ul>
  );
}

function took(answer: Answer): string {
  const said: string[] = [];
  if (typeof answer.latency_s === "number") said.push(duration(1000 * answer.latency_s));
  if (typeof answer.cost_usd === "number") said.push(cost(answer.cost_usd));
  if (typeof answer.input_tokens === "number") said.push(`${count(answer.input_tokens)} tokens in`);
  if (typeof answer.output_tokens === "number") said.push(`${count(answer.output_tokens)} tokens out`);
  if (answer.finish_reason && answer.finish_reason !== "stop") said.push(`ended by ${answer.finish_reason}`);
  if (answer.replayed) said.push("kept from an earlier evaluation");
  return said.join(" · ");
}
