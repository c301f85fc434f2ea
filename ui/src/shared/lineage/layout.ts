/** Where the nodes of a lineage stand in its picture: a column for each kind of thing, in the order in which it comes. */

export type Node = { id: string; kind: string };
export type Place = { id: string; x: number; y: number };

/** From left to right: what something is made of stands before it. */
const COLUMNS: Record<string, number> = { prompt: 0, model: 1, run: 2, model_version: 3, evaluation: 4, endpoint: 5 };
const HEIGHT = 52;

/**
 * The nodes with their places in columns and rows, how many of these there are, and the height of the picture in px.
 * Columns without nodes take no room.
 */
export function placed(nodes: readonly Node[]) {
  const columns = new Map<number, Node[]>();
  for (const node of nodes) {
    const column = COLUMNS[node.kind] ?? 0;
    columns.set(column, [...(columns.get(column) ?? []), node]);
  }
  const inOrder = [...columns.entries()].toSorted(([a], [b]) => a - b).map(([, column]) => column);
  const rows = Math.max(1, ...inOrder.map((column) => column.length));
  const places: Place[] = inOrder.flatMap((column, x) =>
    column.map(({ id }, y) => ({ id, x, y: y + (rows - column.length) / 2 })),
  );
  return { places, columns: inOrder.length, rows, height: rows * HEIGHT + 70 };
}
