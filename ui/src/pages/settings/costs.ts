/** What the costs' picture shows: rows of the server, in the order of the picture. */
import { toNumber } from "~/api/types";
import type { Schemas } from "~/api/types";

import type { UsageBy } from "./search";

export type Usage = Schemas["TraceUsage"];
export type Bars = { measure: "cost" | "tokens"; keys: string[]; values: number[] };

const MOST_BARS = 30;

/** Days from old to new; else the largest first. Cost where any is known, else tokens. */
export function barsOf(by: UsageBy, rows: readonly Usage[]): Bars {
  const measure = rows.some((row) => toNumber(row.cost) > 0) ? "cost" : "tokens";
  const value = (row: Usage) => (measure === "cost" ? toNumber(row.cost ?? 0) : row.total_tokens);
  const ordered = by === "day" ? rows.toSorted((a, b) => a.key.localeCompare(b.key)) : rows.slice(0, MOST_BARS);
  return { measure, keys: ordered.map((row) => row.key), values: ordered.map(value) };
}

/** What a group is called. */
export function groupName(by: UsageBy, key: string, names: ReadonlyMap<string, string>): string {
  if (key === "") return "none";
  return by === "experiment" ? (names.get(key) ?? key) : key;
}
