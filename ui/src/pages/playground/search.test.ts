import { expect, test } from "vitest";

import { readSearch, shortValues } from "./search";

test("an address without parameters has their defaults", () => {
  expect(readSearch({})).toEqual({
    bases: [],
    values: {},
    shown: 0,
    differences: false,
    experiment: "",
    trace: true,
  });
});

test("what is no list of texts is left out", () => {
  const wrong = { bases: ["prompts:/a/1", 7, null], values: { a: 1 }, shown: 9, differences: "yes", trace: "no" };
  const right = { bases: ["prompts:/a/1"], values: { a: "1" }, shown: 0, differences: false, trace: true };
  expect(readSearch({ ...wrong, experiment: 3 })).toEqual({ ...right, experiment: "3" });
  expect(readSearch({ bases: "prompts:/a/1", values: [1] }).bases).toEqual(["prompts:/a/1"]);
});

test("long values stay out of the address", () => {
  expect(shortValues({ a: "x", b: "" })).toEqual({ a: "x" });
  expect(shortValues({ a: "x".repeat(2000) })).toEqual({});
});
