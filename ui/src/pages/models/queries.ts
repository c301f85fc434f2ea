/** What the models' pages ask the server. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { given, nameFilter } from "~/shared/search";

export type RegisteredModel = Schemas["RegisteredModel"];
export type ModelVersion = Schemas["ModelVersion"];

const PAGE = 50;

export function modelsQuery(q: string | undefined, after: string | undefined) {
  return queryOptions({
    queryKey: ["models", "list", q, after],
    queryFn: ({ signal }) => {
      const query = { filter: nameFilter(q ?? ""), max_results: PAGE, ...given({ page_token: after }) };
      return api.GET("/api/2.0/mlflow/registered-models/search", { params: { query }, signal });
    },
    placeholderData: keepPreviousData,
  });
}

export function modelQuery(name: string) {
  return queryOptions({
    queryKey: ["models", name, "model"],
    queryFn: ({ signal }) => api.GET("/api/2.0/mlflow/registered-models/get", { params: { query: { name } }, signal }),
  });
}

export function versionsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["models", name, "versions"],
    queryFn: ({ signal, pageParam }) => {
      const query = {
        filter: `name = '${name.replaceAll("'", "''")}'`,
        order_by: ["version_number DESC"],
        max_results: PAGE,
        ...(pageParam && { page_token: pageParam }),
      };
      return api.GET("/api/2.0/mlflow/model-versions/search", { params: { query }, signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token,
  });
}

export function versionQuery(name: string, version: string) {
  return queryOptions({
    queryKey: ["models", name, "version", version],
    queryFn: ({ signal }) =>
      api.GET("/api/2.0/mlflow/model-versions/get", { params: { query: { name, version } }, signal }),
  });
}

const path = (name: string, version: string) => ({ path: { name, version } });

export function packageQuery(name: string, version: string) {
  return queryOptions({
    queryKey: ["models", name, "package", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/models/{name}/versions/{version}/package", { params: path(name, version), signal }),
  });
}

export function filesQuery(name: string, version: string) {
  return queryOptions({
    queryKey: ["models", name, "files", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/models/{name}/versions/{version}/files", { params: path(name, version), signal }),
  });
}

export function lineageQuery(name: string, version: string) {
  return queryOptions({
    queryKey: ["models", name, "lineage", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/models/{name}/versions/{version}/lineage", { params: path(name, version), signal }),
  });
}

export function diffQuery(name: string, old: string, version: string) {
  return queryOptions({
    queryKey: ["models", name, "diff", old, version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/models/{name}/diff", {
        params: { path: { name }, query: { old, new: version } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function promotionsQuery(name: string) {
  return queryOptions({
    queryKey: ["models", name, "promotions"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/models/{name}/promotions", { params: { path: { name } }, signal }),
  });
}

export function evidenceQuery(name: string, version: string, alias: string) {
  return queryOptions({
    queryKey: ["models", name, "evidence", version, alias],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/models/{name}/versions/{version}/evidence", {
        params: { path: { name, version }, query: { alias } },
        signal,
      }),
    enabled: alias !== "",
    // A dialog begins with what is true now: it chooses by it.
    gcTime: 0,
  });
}

export function evaluationQuery(runId: string) {
  return queryOptions({
    queryKey: ["evaluations", "evidence", runId],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}", { params: { path: { run_id: runId } }, signal }),
  });
}
