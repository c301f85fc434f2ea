import { expect, test } from "vitest";

import { reasonOf, sinceDays } from "./audit";

test("the reason is found in what was asked for", () => {
  expect(reasonOf('{"username":"ada","reason":"left"}')).toBe("left");
  expect(reasonOf('{"username":"ada"}')).toBeUndefined();
  expect(reasonOf('{"reason":""}')).toBeUndefined();
  expect(reasonOf("[1")).toBeUndefined();
  expect(reasonOf("null")).toBeUndefined();
  expect(reasonOf(undefined)).toBeUndefined();
});

test("days are counted back to the minute", () => {
  expect(sinceDays(1, 86_400_000 + 61_000)).toBe(60_000);
});
