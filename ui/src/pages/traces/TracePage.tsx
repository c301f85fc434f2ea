import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";

import { Button } from "~/shared/Button";
import { Comments } from "~/shared/Comments";
import { CopyButton } from "~/shared/CopyButton";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";

import { AddToDataset } from "./AddToDataset";
import { Assessments } from "./Assessments";
import { Downloads } from "./Downloads";
import { factsOf } from "./facts";
import { RollUp } from "./RollUp";
import { SendToReview } from "./SendToReview";
import { Session } from "./Session";
import { SpanPanel } from "./SpanPanel";
import css from "./TracePage.module.css";
import type { TraceSearch } from "./traceSearch";
import { isOpen, type Outline, useInfo, useOutline } from "./useTrace";
import { extentOf, rootOf } from "./waterfall";
import { Waterfall } from "./Waterfall";

/** One trace: what happened when, what each span holds, what people and judges said of it. */
export function TracePage() {
  const { traceId } = useParams({ from: "/shell/traces/$traceId" });
  const search = useSearch({ from: "/shell/traces/$traceId" });
  const [adding, setAdding] = useState(false);
  const [reviewing, setReviewing] = useState(false);
  const outline = useOutline(traceId);
  const info = useInfo(traceId, outline.data?.info);
  if (outline.error && !outline.data) {
    return (
      <Page title="Trace" kind={traceId}>
        <Failure error={outline.error} again={() => void outline.refetch()} />
      </Page>
    );
  }
  if (!outline.data || !info) return <Loading what="the trace" />;
  const facts = factsOf(info);
  return (
    <Page
      title={facts.name || traceId}
      kind="Trace"
      actions={
        <>
          <Button onClick={() => setAdding(true)}>Add to a dataset</Button>
          <Button onClick={() => setReviewing(true)}>Send to review</Button>
          <Downloads label="Download" traceIds={[traceId]} />
        </>
      }
      subtitle={
        <span className="row">
          <span className="mono">{traceId}</span>
          <CopyButton text={traceId} what="trace id" />
          <CopyButton
            text={`quire.get_trace("${traceId}")`}
            what="line that gets the trace"
            label="Copy the line of Python"
          />
        </span>
      }
    >
      <AddToDataset
        traceIds={[traceId]}
        experiments={[facts.experiment]}
        open={adding}
        close={() => setAdding(false)}
      />
      <SendToReview
        traceIds={[traceId]}
        experiments={[facts.experiment]}
        open={reviewing}
        close={() => setReviewing(false)}
      />
      <RollUp facts={facts} trace={outline.data} />
      <Spans traceId={traceId} trace={outline.data} />
      <Assessments traceId={traceId} assessments={info.assessments ?? []} spanId={search.span} />
      {facts.session !== undefined && <Session facts={facts} session={facts.session} />}
      <Comments subject="trace" id={traceId} />
    </Page>
  );
}

function Spans({ traceId, trace }: { traceId: string; trace: Outline }) {
  const search = useSearch({ from: "/shell/traces/$traceId" });
  const navigate = useNavigate({ from: "/traces/$traceId" });
  const change = (changed: TraceSearch, replace = true) =>
    void navigate({ search: (before) => ({ ...before, ...changed }), replace });
  const { spans } = trace;
  const chosen = spans.find((span) => span.id === search.span) ?? rootOf(spans);
  const open = isOpen(trace);
  const elapsed = useElapsed(trace.startMs, open);
  const now = useMemo(() => Math.max(elapsed, extentOf(spans).to), [elapsed, spans]);
  if (!chosen) return <p className="muted">No span of this trace has come yet.</p>;
  return (
    <div className={css.spans}>
      <div className={css.waterfall}>
        <Waterfall
          spans={spans}
          chosen={chosen.id}
          choose={(span) => change({ span })}
          zoom={search.zoom}
          setZoom={(zoom) => change({ zoom })}
          now={now}
        />
      </div>
      <SpanPanel
        traceId={traceId}
        outline={chosen}
        open={open}
        view={search.view}
        setView={(view) => change({ view })}
      />
    </div>
  );
}

/** How long ago something began, in ms, each second while it goes on; 0 once it is over. */
function useElapsed(startMs: number, open: boolean): number {
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (!open) return undefined;
    const timer = window.setInterval(() => setNow(Date.now() - startMs), 1000);
    return () => window.clearInterval(timer);
  }, [startMs, open]);
  return open ? now : 0;
}
