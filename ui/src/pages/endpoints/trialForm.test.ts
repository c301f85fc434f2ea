import { expect, test } from "vitest";

import { controlPercent, emptyForm, mistakeOf, readRamp, requestOf } from "./trialForm";

const form = {
  ...emptyForm("models:/joker@champion"),
  challengers: [{ name: "short", model: "models:/joker/2", percent: "20" }],
};

test("the control gets what the challengers leave", () => {
  expect(controlPercent(form)).toBe(80);
  expect(mistakeOf(form)).toBeUndefined();
  expect(mistakeOf({ ...form, challengers: [{ name: "a", model: "m", percent: "100" }] })).toContain("for the control");
});

test("a ramp is read as it is written", () => {
  expect(readRamp("")).toEqual([]);
  expect(readRamp("0s 10%, 1.5h 50 %, 1d 100%")).toEqual([
    { after_s: 0, share: 0.1 },
    { after_s: 5400, share: 0.5 },
    { after_s: 86_400, share: 1 },
  ]);
  expect(readRamp("soon")).toBeUndefined();
  expect(mistakeOf({ ...form, ramp: "soon" })).toContain("ramp");
});

test("what is asked is what was typed", () => {
  const asked = requestOf({ ...form, latency: "20", mostUnits: "1000", holdout: "5" }, "joker", "Why not");
  expect(asked.arms).toEqual([
    { name: "champion", model: "models:/joker@champion", weight: 0.8 },
    { name: "short", model: "models:/joker/2", weight: 0.2 },
  ]);
  expect(asked.guardrails).toEqual([
    { metric: "failed", margin: 0.05 },
    { metric: "latency_s", margin: 1.2, kind: "ratio" },
  ]);
  expect(asked.stopping).toMatchObject({ metric: "thumb", confidence: 0.95, least_units: 100, most_units: 1000 });
  expect(asked.holdout).toBe(0.05);
  expect(asked.metrics?.map(({ name }) => name)).toEqual(["thumb", "latency_s", "cost_usd"]);
});

test("a measured metric has the direction that it has", () => {
  const asked = requestOf({ ...form, metric: "latency_s" }, "joker", "Why not");
  expect(asked.metrics?.[0]).toEqual({ name: "latency_s", higher_is_better: false });
});
