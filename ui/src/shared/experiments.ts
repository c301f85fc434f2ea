/** All experiments that are active, the last changed first. */
import { useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Experiment } from "~/api/types";

const PAGE = 1000;
const MOST_PAGES = 5;

async function everyExperiment(signal: AbortSignal): Promise<Experiment[]> {
  const found: Experiment[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const body = { max_results: PAGE, ...(token && { page_token: token }) };
    const answer = await api.POST("/api/2.0/mlflow/experiments/search", { body, signal });
    found.push(...(answer.experiments ?? []));
    token = answer.next_page_token ?? undefined;
    if (!token) break;
  }
  return found;
}

export function useExperiments() {
  return useQuery({ queryKey: ["experiments", "all"], queryFn: ({ signal }) => everyExperiment(signal) });
}
