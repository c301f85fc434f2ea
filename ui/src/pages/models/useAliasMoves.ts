import { useQueryClient } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Move } from "~/shared/aliases/AliasDialog";

/** Moving the aliases of a model, each with a record, and what is shown of it anew. */
export function useAliasMoves(name: string) {
  const queries = useQueryClient();
  const params = { path: { name } };
  const changed = () => queries.invalidateQueries({ queryKey: ["models"] });
  return {
    move: async ({ alias, version, expected, reason }: Move) => {
      const body = { name, alias, version: version ?? null, expected: expected ?? null, reason };
      await api.POST("/api/quire/v1/models/{name}/move-alias", { params, body }).finally(changed);
    },
    rollBack: async (alias: string, reason: string) => {
      const body = { name, alias, reason };
      await api.POST("/api/quire/v1/models/{name}/roll-back-alias", { params, body }).finally(changed);
    },
  };
}
