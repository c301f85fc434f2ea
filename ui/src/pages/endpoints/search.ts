/** What the address of an endpoint's page says. */
export const RANGES = {
  "1h": { label: "hour", ms: 3_600_000, parts: 60 },
  "24h": { label: "day", ms: 86_400_000, parts: 48 },
  "7d": { label: "week", ms: 7 * 86_400_000, parts: 84 },
  "30d": { label: "30 days", ms: 30 * 86_400_000, parts: 60 },
} as const;

export type Range = keyof typeof RANGES;

export type EndpointSearch = {
  /** How far back traffic is shown; a day if nothing is said. */
  range?: Range;
  /** Whether traffic is told by arm; else by model version. */
  by?: "arm";
};

export function readEndpointSearch(search: Record<string, unknown>): EndpointSearch {
  const range = Object.keys(RANGES).find((one): one is Range => one === search["range"]);
  return {
    ...(range !== undefined && range !== "24h" && { range }),
    ...(search["by"] === "arm" && { by: "arm" as const }),
  };
}
