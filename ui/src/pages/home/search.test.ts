import { expect, test } from "vitest";

import { homeSearch, sinceOf, toLocal } from "./search";

const NOW = 1_800_000_061_000;

test("without anything a day is told of", () => {
  expect(homeSearch({})).toEqual({});
  expect(sinceOf({}, NOW)).toBe(1_800_000_060_000 - 86_400_000);
});

test("a span or a time is read, and nonsense is not", () => {
  expect(sinceOf(homeSearch({ span: "week" }), NOW)).toBe(1_800_000_060_000 - 7 * 86_400_000);
  expect(sinceOf(homeSearch({ since: "1700000000000" }), NOW)).toBe(1_700_000_000_000);
  expect(homeSearch({ span: "year", since: -1 })).toEqual({});
});

test("a time stands in the viewer's zone", () => {
  const at = new Date(2026, 0, 5, 7, 9).getTime();
  expect(toLocal(at)).toBe("2026-01-05T07:09");
});
