import { expect, test } from "vitest";

import { choicesOf, metOthers, typedAnswer } from "./choices";

test("a scale answers by its own digits, words by their place", () => {
  expect(choicesOf({ name: "stars", choices: [1, 2, 3, 4, 5] }, false)?.map((one) => one.keys)).toEqual([
    ["1"],
    ["2"],
    ["3"],
    ["4"],
    ["5"],
  ]);
  expect(choicesOf({ name: "tone", choices: ["kind", "rude"], kind: "text" }, false)).toEqual([
    { value: "kind", label: "kind", keys: ["1"] },
    { value: "rude", label: "rude", keys: ["2"] },
  ]);
});

test("pairs are first, second or neither; yes and no need no choices; numbers and words are typed", () => {
  expect(choicesOf({ name: "better", kind: "text" }, true)?.map((one) => one.value)).toEqual([
    "first",
    "second",
    "tie",
  ]);
  expect(choicesOf({ name: "good" }, false)?.map((one) => one.value)).toEqual([true, false]);
  expect(choicesOf({ name: "why", kind: "text" }, false)).toBeUndefined();
  expect(typedAnswer({ name: "n", kind: "number" }, " 2.5 ")).toBe(2.5);
  expect(typedAnswer({ name: "n", kind: "number" }, "two")).toBeUndefined();
  expect(typedAnswer({ name: "why", kind: "text" }, "  ")).toBeUndefined();
});

test("an answer that met another one says so, if that was not seen", () => {
  const old = [{ question: "good", value: true }];
  expect(metOthers([], {})).toBeUndefined();
  expect(metOthers(old, { replaced: old })).toBeUndefined();
  expect(metOthers([], { replaced: old })).toContain("You had answered this elsewhere meanwhile: “Yes”");
  expect(metOthers([], { replaced: [{ question: "good" }] })).toContain("skipped");
  expect(metOthers([], { late: true })).toContain("Others have answered this meanwhile");
});
