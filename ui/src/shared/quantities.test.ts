import { expect, test } from "vitest";

import { bytes, cost, duration, number, percent } from "./quantities";

test("durations have the unit that fits", () => {
  expect(duration(0.25)).toBe("250 µs");
  expect(duration(84.4)).toBe("84 ms");
  expect(duration(1234)).toBe("1.23 s");
  expect(duration(61_000)).toBe("1 min 1 s");
  expect(duration(undefined)).toBe("–");
});

test("costs show what is left of a dollar", () => {
  expect(cost(0)).toBe("$0");
  expect(cost(0.00012)).toBe("$0.000120");
  expect(cost(12.345)).toBe("$12.35");
});

test("numbers of any size can be read", () => {
  expect(number(0.123456)).toBe("0.1235");
  expect(number(1e-7)).toBe("1.000e-7");
  expect(number(Number.NaN)).toBe("NaN");
  expect(number(Number.NEGATIVE_INFINITY)).toBe("−∞");
  expect(percent(0.1234)).toBe("12.3 %");
  expect(bytes(1_234_567)).toBe("1.23 MB");
});
