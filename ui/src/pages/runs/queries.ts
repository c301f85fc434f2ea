/** What the pages of runs ask the server, but for the rows of their table. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

export type Run = Schemas["Run"];
export type ComparedRuns = Schemas["ComparedRuns"];
export type RunFacts = Schemas["RunFacts"];
export type WireMetric = Schemas["Metric"];

/** One metric of several runs: at most so many values of each, evenly over the steps. */
const MOST_POINTS = 1000;

export function runQuery(runId: string) {
  return queryOptions({
    queryKey: ["runs", "run", runId],
    queryFn: async ({ signal }) => {
      const answer = await api.GET("/api/2.0/mlflow/runs/get", { params: { query: { run_id: runId } }, signal });
      return answer.run;
    },
  });
}

export function comparisonQuery(runIds: readonly string[]) {
  return queryOptions({
    queryKey: ["runs", "compare", runIds],
    queryFn: ({ signal }) => api.POST("/api/quire/v1/runs/compare", { body: { run_ids: [...runIds] }, signal }),
    placeholderData: keepPreviousData,
    enabled: runIds.length > 0,
  });
}

export function historyQuery(runIds: readonly string[], metric: string) {
  return queryOptions({
    queryKey: ["runs", "history", runIds, metric],
    queryFn: async ({ signal }) => {
      const query = { run_ids: [...runIds], metric_key: metric, max_results: MOST_POINTS };
      const answer = await api.GET("/api/2.0/mlflow/metrics/get-history-bulk-interval", { params: { query }, signal });
      return answer.metrics ?? [];
    },
    placeholderData: keepPreviousData,
    enabled: runIds.length > 0,
  });
}

export function artifactsQuery(runId: string, path: string) {
  return queryOptions({
    queryKey: ["runs", "artifacts", runId, path],
    queryFn: async ({ signal }) => {
      const query = { run_id: runId, ...(path && { path }) };
      const answer = await api.GET("/api/2.0/mlflow/artifacts/list", { params: { query }, signal });
      return answer.files ?? [];
    },
  });
}
