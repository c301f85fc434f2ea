import { expect, test } from "vitest";

import { command, comparable, gateOf, NEW_GATE, usualRatio } from "./gate";

const NOT_WORSE = [
  { id: 1, score: "cost_usd", ratio: "1.2" },
  { id: 2, score: "", ratio: "0.9" },
];

test("a gate is numbers, and bounds without a score are left out", () => {
  expect(gateOf({ ...NEW_GATE, notWorse: NOT_WORSE }, "exact_match")).toEqual({
    score: "exact_match",
    confidence: 0.95,
    min_rows: 1,
    max_missing: 0.05,
    not_worse: { cost_usd: 1.2 },
  });
});

test("words are no better than other words, and a bound begins on the worse side", () => {
  const scores = [
    { name: "tone", kind: "text", higher_is_better: true },
    { name: "latency_s", kind: "number", higher_is_better: false },
  ];
  expect(comparable(scores).map(({ name }) => name)).toEqual(["latency_s"]);
  expect([usualRatio(scores[1]), usualRatio(undefined)]).toEqual(["1.1", "0.9"]);
});

test("the command names what was chosen", () => {
  const gate = { ...NEW_GATE, score: "is right", notWorse: NOT_WORSE };
  expect(command("my model", "2", "champion", ["abc"], gate)).toBe(
    "quire promote 'models:/my%20model/2' --evidence abc --scorer 'is right' --confidence 0.95 " +
      "--not-worse cost_usd=1.2 --alias champion --reason '…'",
  );
});
