/** What the evaluations' pages ask the server. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { given } from "~/shared/search";

import type { EvaluationSearch } from "./search";

export type Evaluation = Schemas["EvaluationResponse"];
export type Comparison = Schemas["ComparisonResponse"];
export type Difference = Schemas["ScoreDifference"];
export type RowSummary = Schemas["RowSummary"];
export type Row = Schemas["RowResponse"];
export type Answer = Schemas["RowAnswer"];
export type Rating = Schemas["AnswerRating"];

export type PeopleAgreement = Schemas["PeopleAgreementResponse"];
export type AskedPeople = Schemas["AskedPeople"];
export type ScoreAgainstPeople = Schemas["ScoreAgainstPeople"];
export type KappaOf = Schemas["KappaOf"];

export type Spread = Schemas["ScoreSpread"];

export const PAGE = 100;
const LISTED = 50;

export function evaluationsQuery(search: { q?: string; data?: string; after?: string }) {
  const query = {
    limit: LISTED,
    ...given({ text: search.q, dataset_digest: search.data, page_token: search.after }),
  };
  return queryOptions({
    queryKey: ["evaluations", "list", query],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/evaluations", { params: { query }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function evaluationQuery(runId: string) {
  return queryOptions({
    queryKey: ["evaluations", runId],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}", { params: { path: { run_id: runId } }, signal }),
    // One that runs ends some time; what has ended stays as it is.
    refetchInterval: (query) => (query.state.data?.rows_ready === false ? 5000 : false),
  });
}

type Pair = Pick<EvaluationSearch, "a" | "b" | "with">;

function pairOf(search: Pair) {
  return given({ a: search.a, b: search.b, a_run: search.with });
}

export function comparisonQuery(runId: string, search: Pair & Pick<EvaluationSearch, "confidence">) {
  const query = { ...pairOf(search), ...(search.confidence && { confidence: Number(search.confidence) }) };
  return queryOptions({
    queryKey: ["evaluations", runId, "comparison", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/comparison", { params: { path: { run_id: runId }, query }, signal }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

export function rankingQuery(runId: string, score: string | undefined, baseline: string | undefined) {
  const query = given({ score, baseline });
  return queryOptions({
    queryKey: ["evaluations", runId, "ranking", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/ranking", { params: { path: { run_id: runId }, query }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function distributionQuery(runId: string, search: Pair, score: string) {
  const query = { score, ...pairOf(search) };
  return queryOptions({
    queryKey: ["evaluations", runId, "distribution", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/distribution", {
        params: { path: { run_id: runId }, query },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

/** Each score against what people say of the same answers. */
export function peopleQuery(runId: string, search: Pick<EvaluationSearch, "confidence" | "good">) {
  const query = given({
    confidence: search.confidence === undefined ? undefined : Number(search.confidence),
    good_from: search.good === undefined ? undefined : Number(search.good),
  });
  return queryOptions({
    queryKey: ["evaluations", runId, "people", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/agreement", { params: { path: { run_id: runId }, query }, signal }),
    placeholderData: keepPreviousData,
  });
}

type Asked = Pair & Pick<EvaluationSearch, "order" | "score" | "outcome" | "all" | "question" | "good" | "q">;

export function rowsQuery(runId: string, search: Asked, page: number, compares: boolean) {
  const query = {
    ...pairOf(search),
    ...given({
      order: search.order,
      score: search.score,
      outcome: search.outcome,
      question: search.question,
      good_from: search.good === undefined ? undefined : Number(search.good),
      text: search.q,
    }),
    differing: compares && search.all !== true && search.outcome === undefined,
    offset: page * PAGE,
    limit: PAGE,
  };
  return queryOptions({
    queryKey: ["evaluations", runId, "rows", query],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/rows", { params: { path: { run_id: runId }, query }, signal }),
    staleTime: Infinity,
  });
}

export function rowQuery(runId: string, search: Pair, index: number) {
  const query = pairOf(search);
  return queryOptions({
    queryKey: ["evaluations", runId, "row", query, index],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/rows/{index}", {
        params: { path: { run_id: runId, index: String(index) }, query },
        signal,
      }),
  });
}
