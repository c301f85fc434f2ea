import { expect, test } from "vitest";

import type { Traffic } from "./queries";
import { keysOf, requestsOf, sparkPath, totalsOf, valuesOf } from "./trafficPicture";

const part = { errors: 0, input_tokens: 10, output_tokens: 5 };
const traffic: Traffic = {
  start_ms: 1000,
  width_ms: 100,
  parts: 3,
  sampled: 1,
  traffic: [
    { ...part, at: 1000, key: "joker/1", requests: 2, p95_ms: 30, cost: 0.5 },
    { ...part, at: 1200, key: "joker/1", requests: 1, errors: 1 },
    { ...part, at: 1200, key: "joker/2", requests: 9 },
  ],
};

test("who answers most comes first", () => {
  expect(keysOf(traffic)).toEqual(["joker/2", "joker/1"]);
  expect(totalsOf(traffic)[1]).toEqual({ key: "joker/1", requests: 3, errors: 1, tokens: 30, cost: 0.5 });
  expect(totalsOf(traffic)[0]?.cost).toBeNull();
});

test("where nobody asked there were no requests, and latency is not known", () => {
  expect(valuesOf(traffic, "joker/1", "requests")).toEqual([
    [1000, 2],
    [1100, 0],
    [1200, 1],
  ]);
  expect(valuesOf(traffic, "joker/1", "p95").map(([, value]) => value)).toEqual([30, null, null]);
  expect(requestsOf(traffic)).toEqual([2, 0, 10]);
});

test("a small line goes from the bottom to the top", () => {
  expect(sparkPath([0, 10], 100, 20)).toBe("M0.0 18.0L100.0 2.0");
  expect(sparkPath([], 100, 20)).toBe("");
});
