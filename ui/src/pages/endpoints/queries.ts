/** What the pages of endpoints and trials ask the server for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

export type Report = Schemas["TrialReportResponse"];
export type Trial = Schemas["Trial"];
export type Metric = Schemas["MetricReport"];
export type History = Schemas["TrialHistoryResponse"];
export type TrialEvent = Schemas["TrialEvent"];

/** How often a trial that goes on is looked at: its outcomes may come past this server, which then says nothing. */
const TRIAL_MS = 15_000;

export const goesOn = (trial: Trial) => (trial.state ?? "running") !== "ended";

export function trialReport(trialId: string) {
  return queryOptions({
    queryKey: ["trials", "report", trialId],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/trials/{trial_id}/report", { params: { path: { trial_id: trialId } }, signal }),
    refetchInterval: ({ state }) => (state.data && goesOn(state.data.report.trial) ? TRIAL_MS : false),
  });
}

export function trialHistory(trialId: string, metric: string) {
  return queryOptions({
    queryKey: ["trials", "history", trialId, metric],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/trials/{trial_id}/history", {
        params: { path: { trial_id: trialId }, query: { metric, points: 60 } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export type Overview = Schemas["EndpointOverview"];
export type Endpoint = Schemas["Endpoint"];
export type Traffic = Schemas["EndpointTrafficResponse"];
export type EndpointEvent = Schemas["EndpointEvent"];
export type TrafficBy = "version" | "arm";

/** How often traffic is looked at: servers write traces past this one. */
const TRAFFIC_MS = 30_000;

export const endpointOverviews = queryOptions({
  queryKey: ["endpoints", "overviews"],
  queryFn: ({ signal }) => api.GET("/api/quire/v1/serving/overview", { signal }),
});

export function endpointOverview(name: string) {
  return queryOptions({
    queryKey: ["endpoints", "overview", name],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/endpoints/{name}/overview", { params: { path: { name } }, signal }),
  });
}

export function endpointRecord(name: string) {
  return queryOptions({
    queryKey: ["endpoints", "record", name],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/endpoints/{name}/record", { params: { path: { name } }, signal }),
  });
}

/** Traffic of the last so many ms, in so many parts, of which the last is not over: viewers ask for the same parts. */
export function endpointTraffic(name: string, lastMs: number, parts: number, by: TrafficBy) {
  return queryOptions({
    queryKey: ["traces", "traffic", name, lastMs, parts, by],
    queryFn: ({ signal }) => {
      const width = lastMs / parts;
      const end_ms = Math.ceil(Date.now() / width) * width;
      const query = { start_ms: end_ms - lastMs, end_ms, parts, by };
      return api.GET("/api/quire/v1/endpoints/{name}/traffic", { params: { path: { name }, query }, signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: TRAFFIC_MS,
  });
}

/** All trials on a subject, newest first. */
export function trialsOn(subject: string) {
  return queryOptions({
    queryKey: ["trials", "on", subject],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/trials", { params: { query: { subject } }, signal }),
  });
}
