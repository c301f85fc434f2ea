import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { PersonName } from "~/shared/person/PersonName";
import { useAuthor } from "~/shared/person/useAuthor";
import { Failure } from "~/shared/Failure";
import { useMe } from "~/shared/me";
import { Select } from "~/shared/Select";

import { type Assessment, expectationOf, read, typed, valueOf } from "./assessments";
import { useAnew } from "./useTraces";

type Props = {
  traceId: string;
  /** The span that can be judged instead of the whole trace. */
  spanId: string | undefined;
  /** What is changed: it stays in the history of what replaces it. */
  replaces?: Assessment;
  close: () => void;
};

/** Judge a trace, or say what the right answer is. */
export function AssessmentForm({ traceId, spanId, replaces, close }: Props) {
  const me = useMe();
  const author = useAuthor();
  const [kind, setKind] = useState<"feedback" | "expectation">(replaces?.expectation ? "expectation" : "feedback");
  const [name, setName] = useState(replaces?.assessment_name ?? "");
  const [value, setValue] = useState(replaces ? typed(valueOf(replaces)) : "");
  const [rationale, setRationale] = useState(replaces?.rationale ?? "");
  const [ofSpan, setOfSpan] = useState(Boolean(replaces?.span_id));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const anew = useAnew();
  const ready = !busy && name.trim() !== "" && value.trim() !== "" && author.name !== "";
  const send = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const said = read(value.trim());
      await api.POST("/api/3.0/mlflow/traces/{trace_id}/assessments", {
        params: { path: { trace_id: traceId } },
        body: {
          assessment: {
            assessment_name: name.trim(),
            source: { source_type: "HUMAN", source_id: author.name },
            rationale: rationale.trim(),
            ...(kind === "feedback" ? { feedback: { value: said } } : { expectation: expectationOf(said) }),
            ...(ofSpan && spanId && { span_id: spanId }),
            ...(replaces?.assessment_id && { overrides: replaces.assessment_id }),
          },
        },
      });
      author.keep();
      anew();
      close();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="card stack"
      aria-label={replaces ? "Change the assessment" : "Assess"}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {!replaces && (
        <label className="stack">
          Kind
          <Select
            value={kind}
            onChange={(event) => setKind(event.target.value === "feedback" ? "feedback" : "expectation")}
          >
            <option value="feedback">Feedback: how good it was</option>
            <option value="expectation">Expectation: what the right answer is</option>
          </Select>
        </label>
      )}
      <label className="stack">
        Name
        <input required readOnly={Boolean(replaces)} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label className="stack">
        Value
        <textarea required rows={2} value={value} onChange={(event) => setValue(event.target.value)} />
        <span className="small muted">true, false, a number, JSON, or words.</span>
      </label>
      <label className="stack">
        Rationale
        <textarea rows={2} value={rationale} onChange={(event) => setRationale(event.target.value)} />
      </label>
      {!replaces && spanId !== undefined && (
        <label className="row">
          <input type="checkbox" checked={ofSpan} onChange={(event) => setOfSpan(event.target.checked)} />
          Of the chosen span, not of the whole trace
        </label>
      )}
      {me !== undefined && <PersonName author={author} />}
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={!ready}>
          Save
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
