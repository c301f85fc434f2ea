import { expect, test } from "vitest";

import { filterOf, isNarrowed, orderOf, parseTracesSearch, timeOf, within } from "./search";

test("an address that says nothing shows everything, newest first", () => {
  const search = parseTracesSearch({});
  expect(search).toEqual({});
  expect(filterOf(search)).toBe("");
  expect(orderOf(search)).toEqual([]);
  expect(isNarrowed(search)).toBe(false);
});

test("what cannot be read is left out", () => {
  expect(parseTracesSearch({ status: "BROKEN", slower: "soon", since: "1y", live: "yes", experiments: [] })).toEqual(
    {},
  );
  expect(parseTracesSearch({ session: 12, experiments: [1, "2"], slower: "500" })).toEqual({
    session: "12",
    experiments: ["1", "2"],
    slower: 500,
  });
});

test("quick filters become conditions of the grammar, with quotes in values doubled", () => {
  const search = parseTracesSearch({ filter: "tags.team = 'a'", status: "ERROR", user: "o'hara", text: "50% off" });
  expect(filterOf(search)).toBe(
    "tags.team = 'a' AND trace.status = 'ERROR' AND trace.text ILIKE '%50% off%' AND metadata.`mlflow.trace.user` = 'o''hara'",
  );
  expect(filterOf({ costlier: 1e-7 })).toBe("trace.cost >= 0.000000100000");
});

test("a time is a beginning, an end, both, or the last so many hours", () => {
  expect(timeOf({ since: "1h", from: 5 }, 3_600_001)).toEqual({ start: 1 });
  expect(timeOf({ from: 5, to: 9 }, 0)).toEqual({ start: 5, end: 9 });
  expect(within("trace.cost > 1", { start: 5 })).toBe("trace.cost > 1 AND trace.timestamp_ms >= 5");
  expect(within("", {})).toBe("");
});

test("another order is said in the grammar", () => {
  expect(orderOf({ sort: "latency" })).toEqual(["execution_time_ms DESC"]);
  expect(orderOf({ ascending: true })).toEqual(["timestamp_ms ASC"]);
});
