/** What the addresses of runs say: which runs, in which order, with which columns, as which picture. */

export const VIEWS = ["table", "charts", "parallel", "scatter"] as const;
export type View = (typeof VIEWS)[number];

/** The address of the list of runs. What is absent has its default. */
export type RunsSearch = {
  /** Experiments by id; none means all. */
  experiments?: string[];
  /** A filter in the grammar of search_runs. */
  filter?: string;
  /** The column that leads the order; start_time unless given. */
  sort?: string;
  /** Whether the order ascends; it descends unless given. */
  asc?: boolean;
  /** Columns: `metrics.KEY`, `params.KEY`, `tags.KEY` or an attribute; chosen by what there is unless given. */
  columns?: string[];
  /** Whether deleted runs are shown instead of active ones. */
  deleted?: boolean;
  view?: View;
  /** Selected runs by id, if they are few enough for an address. */
  select?: string[];
  /** Metrics of the charts; those of the columns unless given. */
  metrics?: string[];
  /** Whether the charts' values are on a logarithmic scale. */
  log?: boolean;
  /** How much the charts' lines are smoothed, from 0 (not) to 0.99. */
  smooth?: number;
  /** What the two directions of the scatter show. */
  x?: string;
  y?: string;
};

/** The order of an address. */
export type Order = Pick<RunsSearch, "sort" | "asc">;

/** What of an address is to change; undefined goes back to the default. */
export type Change = { [K in keyof RunsSearch]?: RunsSearch[K] | undefined };

/** The address after a change. */
export function changed(search: RunsSearch, change: Change): RunsSearch {
  return without<RunsSearch>({ ...search, ...change });
}

type Given = Record<string, unknown>;

/** Texts of a list; the router reads `["1"]` as numbers where they look so. */
function texts(value: unknown): string[] | undefined {
  const found = (Array.isArray(value) ? value : value === undefined ? [] : [value])
    .filter((item) => typeof item === "string" || typeof item === "number")
    .map(String);
  return found.length > 0 ? found : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : typeof value === "number" ? String(value) : undefined;
}

function without<T extends object>(search: { [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}

/** The search of an address, whatever somebody wrote there. */
export function runsSearch(given: Given): RunsSearch {
  const view = VIEWS.find((name) => name === given["view"] && name !== "table");
  const smooth = Number(given["smooth"]);
  return without<RunsSearch>({
    experiments: texts(given["experiments"]),
    filter: text(given["filter"]),
    sort: text(given["sort"]),
    asc: given["asc"] === true || undefined,
    columns: Array.isArray(given["columns"]) ? (texts(given["columns"]) ?? []) : undefined,
    deleted: given["deleted"] === true || undefined,
    view,
    select: texts(given["select"]),
    metrics: texts(given["metrics"]),
    log: given["log"] === true || undefined,
    smooth: smooth > 0 && smooth < 1 ? smooth : undefined,
    x: text(given["x"]),
    y: text(given["y"]),
  });
}

export const ATTRIBUTES = ["start_time", "duration", "status", "user_id", "experiment", "run_id"] as const;
const ORDERED = ["start_time", "end_time", "run_name", "status", "user_id", "run_id"];

/** Kind and key of the column of a metric, param or tag; undefined for an attribute. */
export function keyed(column: string): { kind: "metrics" | "params" | "tags"; key: string } | undefined {
  const [kind, key] = [column.slice(0, column.indexOf(".")), column.slice(column.indexOf(".") + 1)];
  return (kind === "metrics" || kind === "params" || kind === "tags") && key ? { kind, key } : undefined;
}

/** A key as the grammar takes it. */
export function quoted(key: string): string {
  return key.includes("`") ? `"${key}"` : `\`${key}\``;
}

/** The order of an address, as the server takes it; none is newest first. */
export function orderBy({ sort, asc = false }: Order): string[] {
  if (sort === undefined || (sort === "start_time" && !asc)) return [];
  const found = keyed(sort);
  if (!found && !ORDERED.includes(sort)) return [];
  const field = found ? `${found.kind}.${quoted(found.key)}` : sort;
  return [`${field} ${asc ? "ASC" : "DESC"}`];
}

/** Whether runs can be put in order by a column. */
export function isOrderable(column: string): boolean {
  return keyed(column) !== undefined || ORDERED.includes(column);
}

/** The order after a click on a column's head: first descending, then ascending, then the default. */
export function nextOrder(search: Order, column: string): Order {
  const sorted = search.sort ?? "start_time";
  if (sorted !== column) return { sort: column };
  if (!search.asc) return { sort: column, asc: true };
  return {};
}

/** The keys that there are, as the server names them. */
export type Keys = { metrics: string[]; params: string[]; tags: string[] };

const FIRST_METRICS = 4;
const FIRST_PARAMS = 4;

/** The columns of an address, or those that most would want to see. */
export function columnsOf(search: Pick<RunsSearch, "columns">, keys: Keys | undefined): string[] {
  if (search.columns) return search.columns;
  return [
    "start_time",
    "duration",
    ...(keys?.metrics ?? []).slice(0, FIRST_METRICS).map((key) => `metrics.${key}`),
    ...(keys?.params ?? []).slice(0, FIRST_PARAMS).map((key) => `params.${key}`),
  ];
}
