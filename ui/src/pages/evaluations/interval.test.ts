import { expect, test } from "vitest";

import { drawn } from "./interval";

test("zero is in the picture, on the side where it is", () => {
  const right = drawn(2, 4, 3);
  expect(right && right.zero < right.low && right.low < right.point && right.point < right.high).toBe(true);
  const left = drawn(-4, -2, -3);
  expect(left && left.high < left.zero && left.zero < 1).toBe(true);
  const across = drawn(-1, 1, 0);
  expect(across?.zero).toBeCloseTo(0.5);
});

test("an interval without ends is not drawn, one of no width is", () => {
  expect(drawn(-Infinity, Infinity, 0)).toBeUndefined();
  expect(drawn(Number.NaN, 1, 0)).toBeUndefined();
  expect(drawn(0, 0, 0)?.zero).toBeCloseTo(0.5);
});
