import { expect, test } from "vitest";

import { draftOfPolicy, newParam, policyOf } from "./policy";

test("what is not changed stays as it came", () => {
  const policy = [
    { name: "temperature", type: "double", default: 0.5, minimum: 0, maximum: 2 },
    { name: "stop", type: "string", is_list: true, default: ["a", "b"] },
    { name: "empty", type: "string", default: "" },
    { name: "shape", type: "object", default: { a: 1 } },
  ];
  expect(policyOf(draftOfPolicy(policy) ?? [])).toEqual(policy);
  expect(draftOfPolicy(null)).toBeUndefined();
  expect(draftOfPolicy([])).toEqual([]);
});

test("texts become values of the parameter's type", () => {
  const effort = { ...newParam("reasoning_effort"), default: "low", choices: "low\nhigh\n" };
  const seed = { ...newParam("seed"), default: "7", minimum: "0", choices: "7\n8" };
  expect(policyOf([effort, seed])).toEqual([
    { name: "reasoning_effort", type: "string", is_list: false, default: "low", choices: ["low", "high"] },
    { name: "seed", type: "long", is_list: false, default: 7, minimum: 0, choices: [7, 8] },
  ]);
});

test("what is no value is sent as it was typed, for the server to refuse", () => {
  expect(policyOf([{ ...newParam("temperature"), default: "warm" }])[0]?.default).toBe("warm");
  expect(policyOf([{ ...newParam("reasoning_effort"), default: "1", minimum: "3" }])[0]).toEqual({
    name: "reasoning_effort",
    type: "string",
    is_list: false,
    default: "1",
  });
});
