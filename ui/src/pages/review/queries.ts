/** What the review pages ask the server. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { given } from "~/shared/search";

export type Review = Schemas["ReviewInfo"];
export type WholeReview = Schemas["ReviewResponse"];
export type AgreementOfTwo = Schemas["AgreementOfTwo"];
export type Question = Schemas["ReviewQuestion"];
export type Item = Schemas["ShownItem"];
export type Next = Schemas["NextResponse"];
/** How far a reviewer is, and what they are to look at. */
export type Standing = Schemas["UndoneResponse"];
export type Given = { question: string; value: boolean | number | string; comment: string };

export function reviewsQuery(after: string | undefined) {
  const query = given({ page_token: after });
  return queryOptions({
    queryKey: ["reviews", "list", query],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/reviews", { params: { query }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function agreementQuery(queueId: string, question: string | undefined) {
  const query = given({ question });
  return queryOptions({
    queryKey: ["reviews", queueId, "agreement", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/reviews/{queue_id}/agreement", {
        params: { path: { queue_id: queueId }, query },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function evaluationQuery(runId: string) {
  return queryOptions({
    queryKey: ["evaluations", runId],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}", { params: { path: { run_id: runId } }, signal }),
  });
}

/** The next item for a reviewer; asked once and not again by itself, since asking takes the item in hand. */
export function next(queueId: string, reviewer: string): Promise<Next> {
  return api.POST("/api/quire/v1/reviews/{queue_id}/next", {
    params: { path: { queue_id: queueId } },
    body: { reviewer },
  });
}

type Said = { answers: Given[] } | { skip: true; comment: string };

/** Store a reviewer's answers about an item; what is next. */
export function answer(queueId: string, itemId: string, reviewer: string, said: Said): Promise<Next> {
  return api.POST("/api/quire/v1/reviews/{queue_id}/items/{item_id}/answer", {
    params: { path: { queue_id: queueId, item_id: itemId } },
    body: { reviewer, ...said },
  });
}

/** Take back what a reviewer answered last, or all that they skipped: an item to look at again, if there was one. */
export function undo(queueId: string, reviewer: string, skipped = false): Promise<Standing> {
  return api.POST("/api/quire/v1/reviews/{queue_id}/undo", {
    params: { path: { queue_id: queueId } },
    body: { reviewer, skipped },
  });
}
