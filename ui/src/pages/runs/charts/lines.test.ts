import { expect, test } from "vitest";

import { linesOf, smoothed } from "./lines";

test("each run has a line in the order of its steps, without what is no number", () => {
  const metrics = [
    { key: "a", run_id: "r", step: 2, value: 3 },
    { key: "a", run_id: "r", step: 1, value: 1 },
    { key: "a", run_id: "s", step: 1, value: "NaN" as const },
  ];
  expect(linesOf(metrics, ["r", "s"])).toEqual([
    { runId: "r", points: [[1, 1], [2, 3]] },
    { runId: "s", points: [] },
  ]); // prettier-ignore
});

test("a constant stays as it is when smoothed, a jump is rounded off", () => {
  expect(smoothed([[0, 5], [1, 5]], 0.9)).toEqual([[0, 5], [1, 5]]); // prettier-ignore
  expect(smoothed([[0, 0], [1, 1]], 0.5)[1]?.[1]).toBeCloseTo(2 / 3); // prettier-ignore
  expect(smoothed([[0, 0], [1, 1]], 0)[1]?.[1]).toBe(1); // prettier-ignore
});
