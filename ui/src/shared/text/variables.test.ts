import { expect, test } from "vitest";

import { doubleBraced, singleBraced } from "./variables";

const found = (text: string, mark: RegExp | undefined) => [...text.matchAll(mark ?? /(?!)/g)].map(([all]) => all);

test("only what the server calls a variable is one", () => {
  expect(found("{{a}} {{ a }} {{b}} {a}", doubleBraced(["a"]))).toEqual(["{{a}}", "{{ a }}"]);
  expect(found("{a} {{a}} {b}", singleBraced(["a"]))).toEqual(["{a}"]);
  expect(doubleBraced([])).toBeUndefined();
});

test("a name may hold signs that mean something in an expression", () => {
  expect(found("{{a.b}} {{axb}}", doubleBraced(["a.b"]))).toEqual(["{{a.b}}"]);
});
