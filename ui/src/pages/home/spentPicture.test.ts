import { expect, test } from "vitest";

import { against, pieces } from "./spentPicture";

const HOUR = 3_600_000;

test("each piece of time is there, also those in which nothing happened", () => {
  const usage = {
    now: {},
    before: {},
    bucket_ms: HOUR,
    buckets: [{ at: 1000 + HOUR, traces: 2, errors: 1, tokens: 5, cost: 0.5 }],
  };
  expect(pieces(usage, 1000, 1000 + 3 * HOUR)).toEqual([
    { at: 1000, traces: 0, errors: 0, tokens: 0, cost: 0 },
    { at: 1000 + HOUR, traces: 2, errors: 1, tokens: 5, cost: 0.5 },
    { at: 1000 + 2 * HOUR, traces: 0, errors: 0, tokens: 0, cost: 0 },
  ]);
});

test("the time before stands in words", () => {
  expect(against(15, 10, String, "the day before")).toBe("10 the day before, 50 % more now");
  expect(against(5, 10, String, "the day before")).toBe("10 the day before, 50 % less now");
  expect(against(5, 0, String, "the day before")).toBe("0 the day before");
  expect(against(1000, 10, String, "before")).toBe("10 before, more than ten times as much");
});
