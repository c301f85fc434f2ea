/** The users of the server, which admins may list. */
import { useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

export type User = Schemas["UserMessage"];

export function useUsers() {
  return useQuery({
    queryKey: ["settings", "users"],
    queryFn: ({ signal }) => api.GET("/api/2.0/mlflow/users/list", { signal }),
  });
}

/** The roles of the workspace, and what each may do. */
export const WORKSPACE_ROLES = [
  { value: "default", label: "default: as the server says for new users" },
  { value: "none", label: "none: only what single roles give" },
  { value: "reader", label: "reader: reads everything" },
  { value: "editor", label: "editor: also changes everything" },
  { value: "admin", label: "admin: administers the server" },
] as const;
export type WorkspaceRole = (typeof WORKSPACE_ROLES)[number]["value"];

/** Roles on one thing, in the words that the calls use. */
export const PERMISSIONS = [
  { value: "NO_PERMISSIONS", label: "none" },
  { value: "READ", label: "reader" },
  { value: "EDIT", label: "editor" },
  { value: "MANAGE", label: "admin" },
] as const;

export function permissionWord(permission: string): string {
  return PERMISSIONS.find(({ value }) => value === permission)?.label ?? permission;
}
