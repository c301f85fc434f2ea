/** The parameters of the settings' address. */
import { given, numberIn, oneOf, textIn } from "~/shared/search";

export const TABS = ["tokens", "users", "audit", "retention", "costs"] as const;
export type Tab = (typeof TABS)[number];
export const USAGE_BY = ["day", "model", "experiment", "run", "prompt", "user", "session", "model_version"] as const;
export type UsageBy = (typeof USAGE_BY)[number];

export type SettingsSearch = {
  /** What is shown: the tokens unless given. */
  tab?: Tab;
  /** Tokens and users: whose. One's own tokens unless given. */
  user?: string;
  /** The audit log: who changed something, what was done (a call's name), to what ("run:ID"). */
  who?: string;
  action?: string;
  entity?: string;
  /** The audit log: where a page begins, as the server said; the newest unless given. */
  page?: string;
  /** The audit log and costs: how many days back; all of the log, and 30 days of costs, unless given. */
  days?: number;
  /** Costs and retention: the ids of experiments; all of them unless given. */
  experiments?: string[];
  /** Costs: what they are summed by; the day unless given. */
  by?: UsageBy;
  /** Retention: traces older than so many days go, and the oldest beyond so many gigabytes. */
  older?: number;
  keep?: number;
};

/** What the address says; anything that cannot be is left out. */
export function parseSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  return given({
    tab: oneOf(search["tab"], TABS),
    user: textIn(search["user"]),
    who: textIn(search["who"]),
    action: textIn(search["action"]),
    entity: textIn(search["entity"]),
    page: textIn(search["page"]),
    days: numberIn(search["days"]),
    experiments: idsIn(search["experiments"]),
    by: oneOf(search["by"], USAGE_BY),
    older: amountIn(search["older"]),
    keep: amountIn(search["keep"]),
  });
}

function idsIn(value: unknown): string[] | undefined {
  const ids = (Array.isArray(value) ? value : [value]).filter((item) => /^\d+$/.test(String(item))).map(String);
  return ids.length > 0 ? ids : undefined;
}

/** A number from 0 on, such as 0.5 gigabytes. */
function amountIn(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}
