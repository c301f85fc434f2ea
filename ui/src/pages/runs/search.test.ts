import { expect, test } from "vitest";

import { columnsOf, keyed, nextOrder, orderBy, runsSearch } from "./search";

test("what an address says is read, and what is not understood is left out", () => {
  expect(runsSearch({ experiments: [1, "2"], filter: "metrics.a > 1", smooth: "0.5", view: "charts" })).toEqual({
    experiments: ["1", "2"],
    filter: "metrics.a > 1",
    smooth: 0.5,
    view: "charts",
  });
  expect(runsSearch({ experiments: {}, filter: {}, asc: "yes", view: "moon", smooth: 7, select: [] })).toEqual({});
});

test("no columns at all is a choice too", () => {
  const keys = { metrics: ["a"], params: ["p"], tags: ["t"] };
  expect(columnsOf(runsSearch({ columns: [] }), keys)).toEqual([]);
  expect(columnsOf({}, keys)).toEqual(["start_time", "duration", "metrics.a", "params.p"]);
});

test("a key is all that follows the first dot", () => {
  expect(keyed("metrics.a.b")).toEqual({ kind: "metrics", key: "a.b" });
  expect(keyed("start_time")).toBeUndefined();
  expect(keyed("moons.x")).toBeUndefined();
});

test("an order is written in the grammar", () => {
  expect(orderBy({})).toEqual([]);
  expect(orderBy({ sort: "metrics.a b" })).toEqual(["metrics.`a b` DESC"]);
  expect(orderBy({ sort: "params.a`b", asc: true })).toEqual(['params."a`b" ASC']);
  expect(orderBy({ sort: "duration" })).toEqual([]);
});

test("clicks on a head go round: descending, ascending, the default", () => {
  expect(nextOrder({}, "metrics.a")).toEqual({ sort: "metrics.a" });
  expect(nextOrder({ sort: "metrics.a" }, "metrics.a")).toEqual({ sort: "metrics.a", asc: true });
  expect(nextOrder({ sort: "metrics.a", asc: true }, "metrics.a")).toEqual({});
  expect(nextOrder({}, "start_time")).toEqual({ sort: "start_time", asc: true });
});
