import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";

const LIVE_MS = 15_000;

/**
 * Traces over time. Counting a million takes the server a second, so changes alone do not make it count again: the key
 * is none of the topics of live updates, and new traces are counted every now and then while one watches.
 */
export function useSeries(
  experiments: string[],
  filter: string,
  time: { start?: number; end?: number },
  live: boolean,
) {
  return useQuery({
    queryKey: ["traces found", "series", experiments, filter, time],
    queryFn: async ({ signal }) => {
      const answer = await api.POST("/api/quire/v1/traces/series", {
        body: {
          experiment_ids: experiments,
          filter,
          ...(time.start !== undefined && { start_ms: time.start }),
          ...(time.end !== undefined && { end_ms: time.end }),
        },
        signal,
      });
      return answer.series;
    },
    enabled: experiments.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    refetchInterval: live ? LIVE_MS : false,
  });
}
