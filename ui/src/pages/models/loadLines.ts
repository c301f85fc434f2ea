/** The lines of Python that load a model version and ask it once, ready to be copied. */
export function loadLines(name: string, version: string, inputs: readonly { name?: string | null }[]): string {
  const uri = `models:/${encodeURIComponent(name)}/${version}`;
  const columns = inputs.map((column) => column.name ?? "").filter((column) => column !== "");
  // A single column without a name is read from plain texts.
  const row = columns.length > 0 ? `{${columns.map((column) => `${JSON.stringify(column)}: "…"`).join(", ")}}` : '"…"';
  return ["import quire", `model = quire.pyfunc.load_model("${uri}")`, `print(model.predict([${row}]))`].join("\n");
}
