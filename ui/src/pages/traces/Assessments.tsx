import { useState } from "react";

import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";
import { plain } from "~/shared/text/plain";
import { Time } from "~/shared/Time";

import { AssessmentForm } from "./AssessmentForm";
import { type Assessment, type Judged, judgedOf, sourceOf, timeOf, valueOf } from "./assessments";
import { DeleteAssessment } from "./DeleteAssessment";

type Props = { traceId: string; assessments: readonly Assessment[]; spanId: string | undefined };

/** What people, models and code judged of a trace, and a place to judge. */
export function Assessments({ traceId, assessments, spanId }: Props) {
  const [adding, setAdding] = useState(false);
  const judged = judgedOf(assessments);
  return (
    <section className="stack" aria-label="Assessments">
      <div className="row">
        <h2 className="grow">Assessments</h2>
        {!adding && <Button onClick={() => setAdding(true)}>Assess</Button>}
      </div>
      {adding && <AssessmentForm traceId={traceId} spanId={spanId} close={() => setAdding(false)} />}
      {judged.length === 0 && !adding && (
        <p className="muted">
          Nobody has judged this trace. Feedback says how good it was, an expectation what the right answer is.
        </p>
      )}
      <div className="cards">
        {judged.map((item) => (
          <Item key={item.now.assessment_id} judged={item} traceId={traceId} />
        ))}
      </div>
    </section>
  );
}

function Item({ judged: { now, before }, traceId }: { judged: Judged; traceId: string }) {
  const [changing, setChanging] = useState(false);
  const [deleting, setDeleting] = useState(false);
  if (changing)
    return <AssessmentForm traceId={traceId} spanId={now.span_id} replaces={now} close={() => setChanging(false)} />;
  return (
    <article className="card stack" aria-label={plain(now.assessment_name ?? "")}>
      <Said item={now} />
      {before.length > 0 && (
        <details>
          <summary className="small">Replaced {before.length === 1 ? "one" : before.length}</summary>
          <div className="stack">
            {before.map((item) => (
              <Said key={item.assessment_id} item={item} />
            ))}
          </div>
        </details>
      )}
      <div className="row">
        <Button look="quiet" onClick={() => setChanging(true)}>
          Change
        </Button>
        <Button look="quiet" onClick={() => setDeleting(true)}>
          Delete
        </Button>
      </div>
      <DeleteAssessment traceId={traceId} item={now} open={deleting} close={() => setDeleting(false)} />
    </article>
  );
}

function Said({ item }: { item: Assessment }) {
  const value = valueOf(item);
  const failure = item.feedback?.error ?? item.error;
  return (
    <div className="stack">
      <div className="row">
        <strong dir="auto">{plain(item.assessment_name ?? "")}</strong>
        <Badge>{item.feedback ? "feedback" : item.expectation ? "expectation" : "issue"}</Badge>
        {item.span_id && <Badge title={item.span_id}>of a span</Badge>}
      </div>
      {typeof value === "boolean" ? (
        <p>
          <Badge tone={value ? "good" : "bad"}>{value ? "yes" : "no"}</Badge>
        </p>
      ) : (
        value !== undefined && value !== null && <Json value={value} />
      )}
      {failure && <LongText text={`${failure.error_code ?? ""} ${failure.error_message ?? ""}`.trim()} />}
      {item.rationale && <LongText text={item.rationale} shown={600} />}
      <p className="small muted">
        {plain(sourceOf(item))}, <Time ms={timeOf(item)} />
      </p>
    </div>
  );
}
