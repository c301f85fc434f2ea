import { expect, test } from "vitest";

import { factsOf } from "./facts";

test("durations, tokens and cost are read from their texts", () => {
  const facts = factsOf({
    trace_id: "tr-1",
    request_time: "2026-01-02T03:04:05.006Z",
    execution_duration: "0.104s",
    state: "OK",
    trace_metadata: {
      "mlflow.trace.tokenUsage": '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}',
      "mlflow.trace.cost": '{"total_cost": 0.5}',
      "mlflow.trace.session": "s",
    },
    tags: { "mlflow.traceName": "ask", "mlflow.linkedPrompts": '[{"name": "p", "version": 2}]' },
  });
  expect(facts).toMatchObject({ name: "ask", durationMs: 104, tokens: 7, cost: 0.5, session: "s" });
  expect(facts.startMs).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  expect(facts.prompts).toEqual([{ name: "p", version: "2" }]);
});

test("what is absent or no JSON is unknown", () => {
  const facts = factsOf({
    trace_id: "tr-1",
    trace_metadata: { "mlflow.trace.tokenUsage": "{", "mlflow.trace.cost": "3" },
  });
  expect(facts).toMatchObject({
    tokens: undefined,
    cost: undefined,
    durationMs: undefined,
    state: "STATE_UNSPECIFIED",
  });
});
