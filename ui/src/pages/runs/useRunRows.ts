/** The rows of the table of runs, loaded where it is looked at. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

export type RunRow = Schemas["RunRow"];

/** Which runs, in which order. */
export type Question = {
  experiment_ids: string[];
  filter: string;
  order_by: string[];
  run_view_type: "ACTIVE_ONLY" | "DELETED_ONLY";
};

export const PAGE = 100;
const SETTLED_MS = 60;

/**
 * The first rows come at once, by a question of their own. The whole list is then put in order by the server once,
 * which gives the total and the list's name, and any page of it is asked for when it is seen.
 */
export function useRunRows(question: Question, columns: string[], enabled: boolean) {
  const queries = useQueryClient();
  const [epoch, setEpoch] = useState(0);
  const [[from, to], setSeen] = useState<[number, number]>([0, 0]);
  const first = useQuery({
    queryKey: ["runs", "first", question, columns],
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/runs/rows", { body: { ...question, columns, limit: PAGE }, signal }),
    placeholderData: keepPreviousData,
    enabled,
  });
  const whole = useQuery({
    queryKey: ["runs", "whole", question, epoch],
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/runs/rows", { body: { ...question, limit: 0, whole: true, fresh: epoch > 0 }, signal }),
    placeholderData: keepPreviousData,
    enabled: enabled && first.isSuccess,
  });
  const order = whole.data?.order ?? "";
  const isWhole = whole.isSuccess && !whole.isPlaceholderData;
  // Page 0 is `first`, and comes with the next page when the list has changed.
  const numbers = useMemo(() => {
    const [one, last] = [Math.max(1, Math.floor(from / PAGE)), Math.floor(to / PAGE)];
    return Array.from({ length: Math.max(0, last - one + 1) }, (_, index) => one + index);
  }, [from, to]);
  const pages = useQueries({
    queries: numbers.map((page) => ({
      queryKey: ["runs", "page", question, columns, page],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.POST("/api/quire/v1/runs/rows", {
          body: { ...question, columns, order, offset: page * PAGE, limit: PAGE },
          signal,
        }),
      enabled: enabled && isWhole,
    })),
  });
  useEffect(() => {
    if (order) void queries.invalidateQueries({ queryKey: ["runs", "page", question] });
  }, [queries, order, question]);
  const total = totalOf(first.data, isWhole ? whole.data.total : undefined);
  const loaded = new Map(numbers.map((page, index) => [page, pages[index]?.data?.rows]));
  const timer = useRef<number>(undefined);
  const seen = useCallback((low: number, high: number) => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(
      () => setSeen((was) => (was[0] === low && was[1] === high ? was : [low, high])),
      SETTLED_MS,
    );
  }, []);
  const changed = useCallback(() => {
    setEpoch((now) => now + 1);
    return queries.invalidateQueries({ queryKey: ["runs"] });
  }, [queries]);
  return {
    total,
    /** Whether the total is what the server counted. */
    isCounted: first.data?.total != null || isWhole,
    row: (index: number): RunRow | undefined =>
      index < PAGE ? first.data?.rows[index] : loaded.get(Math.floor(index / PAGE))?.[index % PAGE],
    seen,
    first,
    order,
    error: first.error ?? whole.error ?? pages.find((page) => page.error)?.error ?? undefined,
    /** Call it after a change of one's own: the list is put in order anew. */
    changed,
  };
}

function totalOf(first: Schemas["RunRows"] | undefined, whole: number | null | undefined): number {
  return first?.total ?? whole ?? first?.rows.length ?? 0;
}
