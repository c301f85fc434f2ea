import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

import { type HomeSearch, sinceOf } from "./search";

export type Changes = Schemas["ChangesResponse"];

/** What changed since the time that the address says, for who sits here. */
export function changesQuery(search: HomeSearch, name: string) {
  return queryOptions({
    queryKey: ["home", search.since ?? search.span ?? "day", name],
    queryFn: ({ signal }) => {
      const query = { since: sinceOf(search, Date.now()), name };
      return api.GET("/api/quire/v1/changes", { params: { query }, signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

const MOST_MENTIONS = 100;

/** Comments that mention somebody since a time (ms), those that they have read already too. */
export function mentionsQuery(name: string, since: number) {
  return queryOptions({
    queryKey: ["comments", "mentions", name, since],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/mentions", {
        params: { query: { name, since: String(since), max_results: MOST_MENTIONS } },
        signal,
      }),
    enabled: name !== "",
    placeholderData: keepPreviousData,
  });
}

/** What an evaluation that has ended says of the variants that it compares first. */
export function verdictQuery(runId: string) {
  return queryOptions({
    queryKey: ["evaluations", runId, "verdict"],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/comparison", { params: { path: { run_id: runId } }, signal }),
    staleTime: Infinity,
  });
}
