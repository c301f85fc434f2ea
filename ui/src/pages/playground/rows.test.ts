import { expect, test } from "vitest";

import { readRows, textsOf } from "./rows";

test("inputs of records become texts", () => {
  const rows = readRows('[{"inputs": {"q": "Why?", "n": 3}}, {"inputs": null}, 7]');
  expect(rows.map(textsOf)).toEqual([{ q: "Why?", n: "3" }, {}, {}]);
  expect(readRows("{}")).toEqual([]);
});
