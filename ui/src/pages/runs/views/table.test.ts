import { expect, test } from "vitest";

import { axisOf, numberOf, placeOn, type Table } from "./table";

const row = (...values: (number | string | null)[]) =>
  ({ run_id: "r", experiment_id: "0", run_name: "r", user_id: "", status: "FINISHED", start_time: 1, values }) as const;
const table: Table = {
  columns: ["metrics.a", "params.p", "params.n"],
  rows: [row(1, "b", "0.5"), row(null, "a", "2")].map((each) => ({ ...each, values: [...each.values] })),
};

test("texts that say numbers are numbers, words have places in order", () => {
  const [a, p, n] = table.columns.map((column) => axisOf(table, column));
  expect([a?.words, p?.words, n?.words]).toEqual([undefined, ["a", "b"], undefined]);
  const [first, second] = table.rows;
  if (!a || !p || !n || !first || !second) throw new Error("no axes");
  expect([placeOn(a, first), placeOn(p, first), placeOn(n, first)]).toEqual([1, 1, 0.5]);
  expect(placeOn(a, second)).toBeUndefined();
});

test("what is no number has no place, too many words make no axis", () => {
  expect([numberOf("NaN"), numberOf(""), numberOf(null), numberOf("1e3")]).toEqual([
    undefined,
    undefined,
    undefined,
    1000,
  ]);
  expect(axisOf(table, "params.p", 1)).toBeUndefined();
  expect(axisOf(table, "params.none")).toBeUndefined();
});
