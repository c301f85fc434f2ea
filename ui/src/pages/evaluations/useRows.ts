import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { PAGE, type RowSummary, rowsQuery } from "./queries";
import { evaluationRoute } from "./routes";

/** The rows that the address asks for: how many there are, and each once the pages around what is seen are loaded. */
export function useRows(runId: string, compares: boolean) {
  const search = evaluationRoute.useSearch();
  const cache = useQueryClient();
  const [pages, setPages] = useState<readonly [number, number]>([0, 0]);
  // What people judge changes which rows there are: while one is open, the list stays as it was.
  const isOpen = search.at !== undefined;
  const kept = (page: number) =>
    isOpen && cache.getQueryData(rowsQuery(runId, search, page, compares).queryKey) !== undefined;
  const first = useQuery({ ...rowsQuery(runId, search, 0, compares), enabled: !kept(0) });
  const wanted = Array.from({ length: pages[1] - pages[0] + 1 }, (_, offset) => pages[0] + offset);
  const total = first.data?.total ?? 0;
  useQueries({
    queries: wanted
      .filter((page) => page > 0 && page * PAGE < total)
      .map((page) => ({ ...rowsQuery(runId, search, page, compares), enabled: !kept(page) })),
  });
  const seen = useCallback((from: number, to: number) => {
    const next = [Math.floor(from / PAGE), Math.floor(to / PAGE)] as const;
    setPages((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
  }, []);
  const row = (place: number): RowSummary | undefined =>
    cache.getQueryData(rowsQuery(runId, search, Math.floor(place / PAGE), compares).queryKey)?.rows[place % PAGE];
  return { total, row, seen, loaded: first.data !== undefined, error: first.error, again: first.refetch };
}
