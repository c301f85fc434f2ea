/** What the page of one trace shows, as its address says it. */

export const VIEWS = ["conversation", "json", "attributes", "events"] as const;
export type View = (typeof VIEWS)[number];

export type TraceSearch = {
  /** The chosen span; the root if there is none. */
  span?: string | undefined;
  /** What is shown of it; the conversation if it holds one. */
  view?: View | undefined;
  /** The span whose time fills the waterfall; the whole trace if there is none. */
  zoom?: string | undefined;
};

export function parseTraceSearch(given: Record<string, unknown>): TraceSearch {
  const view = VIEWS.find((item) => item === given["view"]);
  const [span, zoom] = [id(given["span"]), id(given["zoom"])];
  return { ...(span && { span }), ...(view && { view }), ...(zoom && { zoom }) };
}

function id(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
