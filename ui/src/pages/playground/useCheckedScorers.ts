import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

import { chosenOf, type Scorer, type ScorerDraft } from "./scorers";

const WAIT_MS = 250;

/** What the server says of each scorer that was chosen, by its id. Asked when typing pauses. */
export function useCheckedScorers(
  chosen: readonly ScorerDraft[],
  scorers: readonly Scorer[],
): Readonly<Record<number, Schemas["CheckedScorer"]>> {
  const [settled, setSettled] = useState(chosen);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(chosen), WAIT_MS);
    return () => window.clearTimeout(timer);
  }, [chosen]);
  const ids = settled.map(({ id }) => id);
  const body = { scorers: settled.map((draft) => chosenOf(draft, scorers)) };
  const { data } = useQuery({
    queryKey: ["models", "playground-scorers", ids, body],
    queryFn: async ({ signal }) => {
      const said = await api.POST("/api/quire/v1/playground/scorers/check", { body, signal });
      return Object.fromEntries(ids.map((id, index) => [id, said.scorers?.[index] ?? {}]));
    },
    enabled: scorers.length > 0,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  return data ?? {};
}
