/** New traces put before those that are shown, without anything shown twice. */

type Row = { info: { trace_id: string } };

export type Tail<R extends Row> = {
  /** What is shown, with newer states of the same traces in their places. */
  updated: R[];
  /** What is new, newest first. */
  fresh: R[];
  /** Whether there may be others between the new ones and those that are shown. */
  gap: boolean;
};

/** How many of the traces that came while one watches are kept: more would fill the browser's memory. */
export const MOST_KEPT = 1000;

/** What came while one watches, newest first. `holed`: there are others between these and what was found before. */
export type Came<R extends Row> = { rows: R[]; holed: boolean };

/** What has come once what is new is taken over. */
export function withFresh<R extends Row>(came: Came<R>, tail: Tail<R>): Came<R> {
  const rows = [...tail.fresh, ...came.rows];
  return { rows: rows.slice(0, MOST_KEPT), holed: came.holed || tail.gap || rows.length > MOST_KEPT };
}

/** Compare what is shown with the newest `latest` traces; `whole` says that there are no others than these. */
export function tailOf<R extends Row>(shown: readonly R[], latest: readonly R[], whole: boolean): Tail<R> {
  const newer = new Map(latest.map((row) => [row.info.trace_id, row]));
  const known = new Set(shown.map((row) => row.info.trace_id));
  const fresh = latest.filter((row) => !known.has(row.info.trace_id));
  return {
    updated: shown.map((row) => newer.get(row.info.trace_id) ?? row),
    fresh,
    gap: !whole && fresh.length === latest.length && shown.length > 0,
  };
}
