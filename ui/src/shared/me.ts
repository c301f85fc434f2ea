/** Who looks at the interface, and what they may do: pages hide what would be refused. The server decides. */
import { queryOptions, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

export type Me = Schemas["Me"];
export type Role = Me["role"];
export type Kind = Schemas["RoleOn"]["kind"];

const RANK: Record<Role, number> = { none: 0, reader: 1, editor: 2, admin: 3 };

export const meQuery = queryOptions({
  queryKey: ["settings", "me"],
  queryFn: ({ signal }) => api.GET("/api/quire/v1/me", { signal }),
  staleTime: 60_000,
});

/** Who looks; undefined while that is asked. Without auth everybody may do everything (`auth` is false). */
export function useMe(): Me | undefined {
  return useQuery(meQuery).data;
}

/** Whether somebody's role on a thing is `needed` or more: `may(me, "editor", "registered_model", name)`. */
export function may(me: Me | undefined, needed: Role, kind: Kind, key: string): boolean {
  if (!me) return false;
  const own = me.roles.find((item) => item.kind === kind && item.key === key);
  const role = me.administers ? "admin" : (own?.role ?? me.role);
  return RANK[role] >= RANK[needed];
}

/** Whether something may be done; if it is known that it may not, why: the title of what is switched off. */
export type Permit = { allowed: boolean; why: string | undefined };

/** A role on one prompt or model, experiment or endpoint. */
export function permit(me: Me | undefined, needed: Role, kind: Kind, key: string): Permit {
  return permitted(me, may(me, needed, kind, key), `the role ${needed} on ${key}`);
}

/** A role in the workspace. */
export function permitInWorkspace(me: Me | undefined, needed: Role): Permit {
  const allowed = me !== undefined && (me.administers || RANK[me.role] >= RANK[needed]);
  return permitted(me, allowed, `the role ${needed} in the workspace`);
}

/** Making what there is not yet. */
export function permitToCreate(me: Me | undefined): Permit {
  return permitted(me, me?.creates === true, "the role editor in the workspace");
}

function permitted(me: Me | undefined, allowed: boolean, needed: string): Permit {
  return { allowed, why: me && !allowed ? `This needs ${needed}. Ask an admin for it.` : undefined };
}
