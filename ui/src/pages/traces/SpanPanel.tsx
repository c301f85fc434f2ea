import { Badge, StatusBadge } from "~/shared/Badge";
import { CopyButton } from "~/shared/CopyButton";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { cost, count, duration } from "~/shared/quantities";
import { Tabs } from "~/shared/Tabs";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";
import { plain } from "~/shared/text/plain";

import { Attributes } from "./Attributes";
import { Fact } from "./Fact";
import { Estimate } from "./RollUp";
import css from "./RollUp.module.css";
import { SpanConversation } from "./SpanConversation";
import { SpanEvents } from "./SpanEvents";
import { streamOf } from "./stream";
import type { View } from "./traceSearch";
import { type SpanView, useSpan } from "./useTrace";
import type { Span } from "./waterfall";

type Props = {
  traceId: string;
  outline: Span;
  /** Whether the trace goes on. */
  open: boolean;
  view: View | undefined;
  setView: (view: View) => void;
};

/** The chosen span: how it went, what it used, and what it holds. */
export function SpanPanel({ traceId, outline, open, view, setView }: Props) {
  const found = useSpan(traceId, outline.id, outline.durationMs !== undefined);
  const span = found.data?.span_id === outline.id ? found.data : undefined;
  return (
    <section className="stack" aria-label="Chosen span">
      <div className="row">
        <h2 dir="auto">{plain(outline.name) || outline.id}</h2>
        <Badge>{outline.type.toLowerCase().replaceAll("_", " ")}</Badge>
        <StatusBadge status={outline.status} />
      </div>
      <Facts outline={outline} span={span} open={open} />
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {!span && !found.error && <Loading what="the span" />}
      {span && span.message !== "" && <LongText text={span.message} />}
      {span && <Held span={span} view={view} setView={setView} />}
    </section>
  );
}

function Facts({ outline, span, open }: { outline: Span; span: SpanView | undefined; open: boolean }) {
  const stream = span && streamOf(span.attributes);
  const usage = outline.usage;
  const total = outline.cost?.["total_cost"];
  return (
    <dl className={css.facts}>
      <Fact name="Took">
        {outline.durationMs !== undefined ? (
          duration(outline.durationMs)
        ) : (
          <Badge tone="warn">{open ? "still running" : "never ended"}</Badge>
        )}
      </Fact>
      <Fact name="Began after">{duration(Math.abs(outline.startMs))}</Fact>
      {outline.model !== undefined && <Fact name="Model">{outline.model}</Fact>}
      {usage && (
        <Fact name="Tokens">
          {count(usage["total_tokens"])} ({count(usage["input_tokens"])} in, {count(usage["output_tokens"])} out)
          {outline.estimated && <Estimate />}
        </Fact>
      )}
      {total !== undefined && (
        <Fact name="Cost">
          {cost(total)}
          {outline.estimated && <Estimate />}
        </Fact>
      )}
      {stream?.firstTokenMs !== undefined && <Fact name="First token after">{duration(stream.firstTokenMs)}</Fact>}
      {stream?.perSecond !== undefined && <Fact name="Tokens per second">{count(stream.perSecond)}</Fact>}
      {stream?.pieces !== undefined && <Fact name="Pieces">{count(stream.pieces)}</Fact>}
      {stream?.seconds !== undefined && <Fact name="Streamed for">{duration(1000 * stream.seconds)}</Fact>}
      <Fact name="Span">
        <span className="mono">{outline.id}</span>
        <CopyButton text={outline.id} what="span id" />
      </Fact>
    </dl>
  );
}

function Held({ span, view, setView }: { span: SpanView; view: View | undefined; setView: Props["setView"] }) {
  const tabs = [
    { value: "conversation", label: "Conversation" },
    { value: "json", label: "JSON" },
    { value: "attributes", label: `Attributes (${Object.keys(span.attributes).length})` },
    { value: "events", label: `Events (${span.events.length})` },
  ] as const;
  const shown =
    view ??
    (span.events.length > 0 && span.status === "ERROR" && span.outputs === undefined ? "events" : "conversation");
  return (
    <>
      <Tabs label="What the span holds" tabs={tabs} value={shown} choose={setView} />
      {shown === "conversation" && <SpanConversation key={span.span_id} inputs={span.inputs} outputs={span.outputs} />}
      {shown === "json" && (
        <div key={span.span_id} className="stack">
          <h3>Inputs</h3>
          {span.inputs === undefined ? <p className="muted">None were recorded.</p> : <Json value={span.inputs} />}
          <h3>Outputs</h3>
          {span.outputs === undefined ? <p className="muted">None were recorded.</p> : <Json value={span.outputs} />}
        </div>
      )}
      {shown === "attributes" && <Attributes key={span.span_id} attributes={span.attributes} links={span.links} />}
      {shown === "events" && <SpanEvents key={span.span_id} events={span.events} />}
    </>
  );
}
