/** The traces that a search finds, page by page ahead of the scroll, and the new ones while one looks. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";

import { api } from "~/api/client";

import type { TraceInfo } from "./facts";
import { type Came, tailOf, withFresh } from "./tail";

export type TraceRow = { info: TraceInfo; models: string[] };
type Page = { rows: TraceRow[]; next: string | undefined };
export type Asked = { experiments: string[]; filter: string; order: string[] };

const PAGE = 100;
/** Rows that are loaded before they are needed. */
const AHEAD = 50;
const POLL_MS = 1000;
const NOTHING: Came<TraceRow> = { rows: [], holed: false };

/**
 * What is found stays as it was when it was asked for: a list that changed by itself would jump while one reads. So its
 * key is none of the topics of live updates; `live` adds what is new, and whoever changes traces calls `useAnew`.
 */
const FOUND = "traces found";
const LATEST = "latest traces";

export function useAnew(): () => void {
  const queries = useQueryClient();
  return useCallback(() => {
    void queries.invalidateQueries({ queryKey: ["traces"] });
    void queries.invalidateQueries({ queryKey: [FOUND] });
    void queries.invalidateQueries({ queryKey: [LATEST] });
  }, [queries]);
}

async function page(asked: Asked, token: string | undefined, signal: AbortSignal): Promise<Page> {
  const found = await api.POST("/api/3.0/mlflow/traces/search", {
    body: {
      locations: asked.experiments.map((id) => ({
        type: "MLFLOW_EXPERIMENT",
        mlflow_experiment: { experiment_id: id },
      })),
      filter: asked.filter,
      order_by: asked.order,
      max_results: PAGE,
      ...(token !== undefined && { page_token: token }),
    },
    signal,
  });
  const infos = found.traces ?? [];
  const ids = infos.map((info) => info.trace_id);
  const called =
    ids.length > 0 ? await api.POST("/api/quire/v1/traces/models", { body: { trace_ids: ids }, signal }) : {};
  return {
    rows: infos.map((info) => ({ info, models: called.models?.[info.trace_id] ?? [] })),
    next: found.next_page_token ?? undefined,
  };
}

export function useTraces(asked: Asked, live: boolean) {
  const { experiments, filter, order } = asked;
  const found = useInfiniteQuery({
    queryKey: [FOUND, experiments, filter, order],
    queryFn: ({ pageParam, signal }) => page(asked, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
    enabled: experiments.length > 0,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  const loaded = useMemo(() => (found.data?.pages ?? []).flatMap(({ rows }) => rows), [found.data]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = found;
  const seen = useCallback(
    (_first: number, last: number) => {
      if (last >= loaded.length - AHEAD && hasNextPage && !isFetchingNextPage) void fetchNextPage();
    },
    [loaded.length, hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  const fresh = useFresh(asked, loaded, live && found.data !== undefined && !found.isPlaceholderData);
  return {
    ...fresh,
    seen,
    hasNextPage: hasNextPage && !fresh.holed,
    loading: found.isLoading,
    error: found.error,
    refetch: found.refetch,
  };
}

/** What is shown with what is new before it: at once at the top of the list, kept back while one reads further down. */
function useFresh(asked: Asked, loaded: readonly TraceRow[], live: boolean) {
  const key = JSON.stringify([asked.experiments, asked.filter, asked.order]);
  const [before, setBefore] = useState<Came<TraceRow> & { key: string }>({ key, ...NOTHING });
  const [atTop, setAtTop] = useState(true);
  const latest = useQuery({
    // Not read anew at each change: where a thousand come in a second, looking at times is enough.
    queryKey: [LATEST, asked.experiments, asked.filter],
    queryFn: ({ signal }) => page({ ...asked, order: [] }, undefined, signal),
    enabled: live,
    refetchInterval: live ? POLL_MS : false,
  });
  const came = before.key === key ? before : NOTHING;
  const shown = useMemo(() => [...came.rows, ...(came.holed ? [] : loaded)], [came, loaded]);
  const tail = useMemo(
    () => tailOf(shown, live ? (latest.data?.rows ?? []) : [], latest.data?.next === undefined),
    [shown, live, latest.data],
  );
  const take = useCallback(() => {
    setBefore((now) => ({ key, ...withFresh(now.key === key ? now : NOTHING, tail) }));
  }, [key, tail]);
  useEffect(() => {
    // What came is taken over into the list, so that it stays there when live updates are switched off.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    if (atTop && tail.fresh.length > 0) take();
  }, [atTop, tail.fresh, take]);
  const waiting = atTop ? 0 : tail.fresh.length;
  const forget = useCallback(() => setBefore({ key, ...NOTHING }), [key]);
  return { rows: tail.updated, waiting, holed: came.holed, gap: tail.gap, take, forget, setAtTop };
}
