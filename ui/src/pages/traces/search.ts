/** What the list of traces shows, as its address says it, and the filter of the trace grammar that this means. */

export const STATES = ["OK", "ERROR", "IN_PROGRESS"] as const;
export const SPANS_OF_TIME = ["1h", "24h", "7d", "30d"] as const;
export const CHARTS = ["count", "latency", "cost", "none"] as const;
export const SORTS = ["time", "latency", "tokens", "cost"] as const;
export type State = (typeof STATES)[number];
export type Since = (typeof SPANS_OF_TIME)[number];
export type Charted = (typeof CHARTS)[number];
export type Sort = (typeof SORTS)[number];

/** Every field is optional: without any, all traces of all experiments are shown, newest first. */
export type TracesSearch = {
  /** Ids of the experiments to look in; all if there is none. */
  experiments?: string[] | undefined;
  /** Conditions in the trace grammar, besides those below. */
  filter?: string | undefined;
  status?: State | undefined;
  /** At least so long, in ms. */
  slower?: number | undefined;
  /** At least so dear, in US dollars. */
  costlier?: number | undefined;
  /** A model that a span called. */
  model?: string | undefined;
  /** Words in the inputs or outputs of a span. */
  text?: string | undefined;
  session?: string | undefined;
  user?: string | undefined;
  run?: string | undefined;
  name?: string | undefined;
  /** Begun within the last hour, day, … */
  since?: Since | undefined;
  /** Begun at this time or later, and before that, in ms since the epoch. */
  from?: number | undefined;
  to?: number | undefined;
  sort?: Sort | undefined;
  ascending?: boolean | undefined;
  /** Whether new traces appear by themselves. */
  live?: boolean | undefined;
  chart?: Charted | undefined;
};

const HOUR = 3_600_000;
const LENGTHS: Record<Since, number> = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR };
const COLUMNS: Record<Sort, string> = {
  time: "timestamp_ms",
  latency: "execution_time_ms",
  tokens: "total_tokens",
  cost: "cost",
};

/** The search that an address says; what cannot be read is left out. */
export function parseTracesSearch(given: Record<string, unknown>): TracesSearch {
  const found: TracesSearch = {
    experiments: texts(given["experiments"]),
    filter: text(given["filter"]),
    status: oneOf(STATES, given["status"]),
    slower: positive(given["slower"]),
    costlier: positive(given["costlier"]),
    model: text(given["model"]),
    text: text(given["text"]),
    session: text(given["session"]),
    user: text(given["user"]),
    run: text(given["run"]),
    name: text(given["name"]),
    since: oneOf(SPANS_OF_TIME, given["since"]),
    from: positive(given["from"]),
    to: positive(given["to"]),
    sort: oneOf(SORTS, given["sort"]),
    ascending: given["ascending"] === true ? true : undefined,
    live: given["live"] === true ? true : undefined,
    chart: oneOf(CHARTS, given["chart"]),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** The conditions but those on time: what is searched, in the grammar of the server. */
export function filterOf(search: TracesSearch): string {
  return [
    search.filter?.trim(),
    search.status && `trace.status = ${quoted(search.status)}`,
    search.slower !== undefined && `trace.execution_time_ms >= ${search.slower}`,
    search.costlier !== undefined && `trace.cost >= ${decimal(search.costlier)}`,
    search.name && `trace.name = ${quoted(search.name)}`,
    search.model && `span.model = ${quoted(search.model)}`,
    search.text && `trace.text ILIKE ${quoted(`%${search.text}%`)}`,
    search.session && `metadata.\`mlflow.trace.session\` = ${quoted(search.session)}`,
    search.user && `metadata.\`mlflow.trace.user\` = ${quoted(search.user)}`,
    search.run && `trace.run_id = ${quoted(search.run)}`,
  ]
    .filter(Boolean)
    .join(" AND ");
}

/** The time that is looked at, in ms since the epoch: a beginning, an end, both or neither. */
export function timeOf(search: TracesSearch, now: number): { start?: number; end?: number } {
  if (search.since) return { start: now - LENGTHS[search.since] };
  return {
    ...(search.from !== undefined && { start: search.from }),
    ...(search.to !== undefined && { end: search.to }),
  };
}

/** A filter narrowed to a time. */
export function within(filter: string, time: { start?: number; end?: number }): string {
  return [
    filter,
    time.start !== undefined && `trace.timestamp_ms >= ${time.start}`,
    time.end !== undefined && `trace.timestamp_ms < ${time.end}`,
  ]
    .filter(Boolean)
    .join(" AND ");
}

/** The order in the grammar; empty for newest first, which is how the server sorts by itself. */
export function orderOf(search: TracesSearch): string[] {
  const { sort = "time", ascending = false } = search;
  return sort === "time" && !ascending ? [] : [`${COLUMNS[sort]} ${ascending ? "ASC" : "DESC"}`];
}

/** Whether anything narrows the list. */
export function isNarrowed(search: TracesSearch): boolean {
  return filterOf(search) !== "" || search.since !== undefined || search.from !== undefined || search.to !== undefined;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A number as the grammar reads it, which knows exponents but not every one that JavaScript writes. */
function decimal(value: number): string {
  return value < 1e-6 ? value.toFixed(12) : String(value);
}

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  const all = (Array.isArray(value) ? value : [value]).map(text).filter((item) => item !== undefined);
  return all.length > 0 ? all : undefined;
}

function positive(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((item) => item === value);
}
