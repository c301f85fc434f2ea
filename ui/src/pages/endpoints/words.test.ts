import { expect, test } from "vitest";

import { evidence, figure, interval, signed, toneOf } from "./words";

test("a figure has the unit that its metric's name tells", () => {
  expect(figure(0.25, "thumb")).toBe("0.25");
  expect(figure(0.25, "latency_s")).toBe("250 ms");
  expect(figure(0.0012, "cost_usd")).toBe("$0.001200");
  expect(figure("NaN", "thumb")).toBe("–");
});

test("a difference has its sign", () => {
  expect(signed(0.1, "thumb")).toBe("+0.1");
  expect(signed(-0.1, "latency_s")).toBe("−100 ms");
  expect(signed(-0.1, "cost_usd")).toBe("−$0.1000");
  expect(signed("NaN", "thumb")).toBe("–");
});

test("an interval without an end is not one", () => {
  expect(interval(-0.1, 0.2, "thumb", true)).toBe("−0.1 … +0.2");
  expect(interval("-Infinity", 0.2, "thumb")).toBe("–");
});

test("evidence is short", () => {
  expect(evidence(1)).toBe("1");
  expect(evidence(84.31)).toBe("84");
  expect(evidence("Infinity")).toBe("> 1,000,000");
  expect(evidence(0.00001)).toBe("< 0.01");
});

test("verdicts have colours", () => {
  expect([toneOf("better"), toneOf("worse"), toneOf("not shown")]).toEqual(["good", "bad", "plain"]);
});
