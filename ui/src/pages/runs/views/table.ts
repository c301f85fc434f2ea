/** Values of runs as numbers that can be drawn. */
import type { RunRow } from "../useRunRows";

/** Rows with the columns that their values belong to. */
export type Table = { columns: readonly string[]; rows: readonly RunRow[] };

/** A run's value as a number: of a text, the number that it says; undefined where there is none. */
export function numberOf(value: number | string | null | undefined): number | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** An axis of a picture: numbers where all values are, else the words that occur, in order. */
export type Axis = { column: string; place: number; words: string[] | undefined };

/** How a column is drawn. `most` words at most make an axis. */
export function axisOf(table: Table, column: string, most = 60): Axis | undefined {
  const place = table.columns.indexOf(column);
  if (place < 0) return undefined;
  const values = table.rows.map((row) => row.values[place]).filter((value) => value !== null && value !== undefined);
  if (values.length === 0) return undefined;
  if (values.every((value) => numberOf(value) !== undefined || value === "NaN"))
    return { column, place, words: undefined };
  const words = [...new Set(values.map(String))].sort();
  return words.length <= most ? { column, place, words } : undefined;
}

/** A run's place on an axis; undefined where it has none. */
export function placeOn(axis: Axis, row: RunRow): number | undefined {
  const value = row.values[axis.place];
  if (!axis.words) return numberOf(value);
  const found = axis.words.indexOf(String(value));
  return value === null || value === undefined || found < 0 ? undefined : found;
}
