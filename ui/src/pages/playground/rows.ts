/** Records of a dataset as values of variables. */

/** The inputs of the records in a page's JSON text. */
export function readRows(records: string): Record<string, unknown>[] {
  const said: unknown = JSON.parse(records);
  if (!Array.isArray(said)) return [];
  return said.map((record) => {
    const { inputs } = (record ?? {}) as { inputs?: unknown };
    return typeof inputs === "object" && inputs !== null ? (inputs as Record<string, unknown>) : {};
  });
}

/** Inputs as texts: what is no text stands as JSON. */
export function textsOf(inputs: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
