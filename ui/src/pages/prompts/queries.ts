/** What the prompts' pages ask the server. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { given, nameFilter } from "~/shared/search";

export type VersionSummary = Schemas["VersionSummary"];
export type WholeVersion = Schemas["WholeVersion"];

const PAGE = 50;

export function promptsQuery(q: string | undefined, after: string | undefined) {
  return queryOptions({
    queryKey: ["prompts", "list", q, after],
    queryFn: ({ signal }) => {
      const query = { filter: nameFilter(q ?? ""), max_results: PAGE, ...given({ page_token: after }) };
      return api.GET("/api/quire/v1/prompts", { params: { query }, signal });
    },
    placeholderData: keepPreviousData,
  });
}

export function promptQuery(name: string) {
  return queryOptions({
    queryKey: ["prompts", name, "prompt"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/prompts/{name}", { params: { path: { name } }, signal }),
  });
}

export function versionsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["prompts", name, "versions"],
    queryFn: ({ signal, pageParam }) => {
      const query = { max_results: PAGE, ...(pageParam && { page_token: pageParam }) };
      return api.GET("/api/quire/v1/prompts/{name}/versions", { params: { path: { name }, query }, signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token,
  });
}

export function versionQuery(name: string, version: number) {
  return queryOptions({
    queryKey: ["prompts", name, "version", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/prompts/{name}/versions/{version}", {
        params: { path: { name, version: String(version) } },
        signal,
      }),
  });
}
