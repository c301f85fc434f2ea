import { expect, test } from "vitest";

import { given, nameFilter, numberIn, oneOf, textIn } from "./search";

test("what an address says wrongly is left out", () => {
  expect(numberIn("3")).toBe(3);
  expect(numberIn(3)).toBe(3);
  expect([numberIn("x"), numberIn(0), numberIn(1.5), numberIn(undefined)]).toEqual([...Array<undefined>(4)]);
  expect(oneOf("side", ["inline", "side"])).toBe("side");
  expect(oneOf("other", ["inline", "side"])).toBeUndefined();
  expect(given({ a: 1, b: undefined })).toEqual({ a: 1 });
});

test("a number in an address may be a text, too", () => {
  expect(textIn(42)).toBe("42");
  expect(textIn("")).toBeUndefined();
});

test("a quote in a name does not end the filter", () => {
  expect(nameFilter(" it's ")).toBe("name ILIKE '%it''s%'");
  expect(nameFilter(" ")).toBe("");
});
