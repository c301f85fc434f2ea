/** Which of the names in a text that is being written belong to somebody. */
import { useQueries } from "@tanstack/react-query";

import { api } from "~/api/client";

import { useMe } from "../me";
import { mentionsIn } from "../text/mentions";

const FEW = 6;

/** On a server that asks nobody who they are, every name does; else those of its users. */
export function useKnown(text: string): readonly string[] | "all" {
  const me = useMe();
  const names = me?.auth ? mentionsIn(text) : [];
  const found = useQueries({
    queries: names.map((name) => ({
      queryKey: ["comments", "people", name],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.GET("/api/quire/v1/people", { params: { query: { prefix: name, max_results: FEW } }, signal }),
      staleTime: 60_000,
    })),
    combine: (answers) => answers.flatMap(({ data }) => data?.names ?? []),
  });
  return me?.auth ? found : "all";
}
