import { expect, test } from "vitest";

import { barsOf, groupName, type Usage } from "./costs";

const row = (key: string, cost: number | null, tokens = 1): Usage => ({
  key,
  cost,
  count: 1,
  errors: 0,
  input_tokens: tokens,
  output_tokens: 0,
  total_tokens: tokens,
});

test("days go from old to new", () => {
  expect(barsOf("day", [row("2026-01-02", 2), row("2026-01-01", null)])).toEqual({
    measure: "cost",
    keys: ["2026-01-01", "2026-01-02"],
    values: [0, 2],
  });
});

test("tokens are shown where no cost is known, in the server's order", () => {
  expect(barsOf("model", [row("b", null, 7), row("a", null, 9)])).toEqual({
    measure: "tokens",
    keys: ["b", "a"],
    values: [7, 9],
  });
});

test("groups have names", () => {
  const names = new Map([["1", "tickets"]]);
  expect(groupName("experiment", "1", names)).toBe("tickets");
  expect(groupName("experiment", "2", names)).toBe("2");
  expect(groupName("model", "", names)).toBe("none");
});
