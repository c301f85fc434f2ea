import { expect, test } from "vitest";

import { kappaWords, place } from "./kappa";

test("kappa is written with its interval, and left out where there is none", () => {
  expect(kappaWords(0.6249, 0.41, 0.78)).toBe("0.62 (0.41 to 0.78)");
  expect(kappaWords(-0.2, -1, 0.5)).toBe("−0.20 (−1.00 to 0.50)");
  expect(kappaWords("NaN", "NaN", "NaN")).toBe("–");
  expect(kappaWords(undefined, null, undefined)).toBe("–");
});

test("the picture reaches from -1 to 1", () => {
  expect([-1, 0, 1].map(place)).toEqual([0, 0.5, 1]);
  expect(place(-3)).toBe(0);
  expect(place("NaN")).toBeUndefined();
});
