/** What is said of a token: what it is limited to, and whether it lets anybody in. */
import type { Schemas } from "~/api/types";

export type Token = Schemas["Token"];
type Scope = Schemas["Scope"];

const KINDS = [
  ["experiments", "experiment"],
  ["registered_models", "model"],
  ["endpoints", "endpoint"],
] as const;

/** "read only, experiment 1, 2"; "everything" for a token without limits. */
export function scopeWords(scope: Scope): string {
  const parts = scope.read_only ? ["read only"] : [];
  for (const [field, word] of KINDS) {
    const keys = scope[field] ?? [];
    if (keys.length > 0) parts.push(`${word}${keys.length > 1 ? "s" : ""} ${keys.join(", ")}`);
  }
  return parts.join(", ") || "everything";
}

export type TokenState = "valid" | "expired" | "revoked";

export function stateOf(token: Token, now: number): TokenState {
  if (token.revocation_time) return "revoked";
  return token.expiration_time && token.expiration_time <= now ? "expired" : "valid";
}

/** Names that were written one a line, or with commas between; undefined if there are none. */
export function namesIn(text: string): string[] | undefined {
  const names = text
    .split(/[\n,]/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.length > 0 ? names : undefined;
}
