import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

import type { TraceInfo } from "./facts";
import { extentOf, type Span, spanOf } from "./waterfall";

export type Outline = { info: TraceInfo; startMs: number; complete: boolean; spans: Span[] };
/** A span with what it holds decoded. */
export type SpanView = Omit<Schemas["SpanView"], "inputs" | "outputs" | "attributes"> & {
  inputs: unknown;
  outputs: unknown;
  attributes: Record<string, unknown>;
};

const POLL_MS = 2000;
/** A trace of which nothing was heard for so long has been given up, whatever it says. */
const PATIENCE_MS = 15 * 60_000;

/**
 * A trace with the outlines of its spans; one that is still in progress is read again every two seconds. The outline of
 * one that is finished stays as it is: its key is none of the topics of live updates, which change with every trace.
 */
export function useOutline(traceId: string) {
  return useQuery({
    queryKey: ["outline", traceId],
    queryFn: async ({ signal }) => {
      const params = { path: { trace_id: traceId } };
      const { trace } = await api.GET("/api/quire/v1/traces/{trace_id}/outline", { params, signal });
      return { info: trace.info, startMs: trace.start_ms, complete: trace.complete, spans: trace.spans.map(spanOf) };
    },
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? POLL_MS : false),
  });
}

/** What is said of a trace, its assessments among that; anew when a trace changes. */
export function useInfo(traceId: string, first: TraceInfo | undefined) {
  const found = useQuery({
    queryKey: ["traces", "info", traceId],
    queryFn: async ({ signal }) => {
      const params = { path: { trace_id: traceId } };
      return (await api.GET("/api/3.0/mlflow/traces/{trace_id}", { params, signal })).trace.trace_info;
    },
    enabled: first !== undefined,
    ...(first && { placeholderData: first }),
  });
  return found.data ?? first;
}

/** All that a span holds. */
export function useSpan(traceId: string, spanId: string, ended: boolean) {
  return useQuery({
    queryKey: ["outline", traceId, "span", spanId, ended],
    queryFn: async ({ signal }) => {
      const params = { path: { trace_id: traceId, span_id: spanId } };
      const { span } = await api.GET("/api/quire/v1/traces/{trace_id}/spans/{span_id}", { params, signal });
      return decoded(span);
    },
    placeholderData: keepPreviousData,
    staleTime: ended ? Number.POSITIVE_INFINITY : 0,
    refetchInterval: ended ? false : POLL_MS,
  });
}

function decoded(span: Schemas["SpanView"]): SpanView {
  return {
    ...span,
    inputs: valueOf(span.inputs),
    outputs: valueOf(span.outputs),
    attributes: Object.fromEntries(Object.entries(span.attributes).map(([name, text]) => [name, valueOf(text)])),
  };
}

function valueOf(text: string | null | undefined): unknown {
  return text === null || text === undefined ? undefined : JSON.parse(text);
}

/** Whether more of a trace is to come: it says so, or lacks spans, and something came lately. */
export function isOpen(trace: Outline, now = Date.now()): boolean {
  const said = trace.info.state === "IN_PROGRESS" || !trace.complete;
  return said && now - trace.startMs - extentOf(trace.spans).to < PATIENCE_MS;
}
