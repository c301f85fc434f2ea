/** What more than one page asks of review queues. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";

/** A queue, and how much of it waits for a reviewer. */
export function reviewQuery(queueId: string, reviewer: string) {
  return queryOptions({
    queryKey: ["reviews", queueId, "whole", reviewer],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/reviews/{queue_id}", {
        params: { path: { queue_id: queueId }, query: { reviewer } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}
