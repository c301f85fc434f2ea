import { expect, test } from "vitest";

import { adopted, type BaseInfo, beginning, edited, emptyDraft, moved, valueOf, valuesOf, withBase } from "./variants";

test("a draft is kept for the bases that the address names, and for no others", () => {
  const draft = { ...emptyDraft("prompts:/a/1"), adopted: true, model: "m" };
  const kept = JSON.stringify({ variants: [draft], values: { name: "Ada" } });
  expect(beginning(["prompts:/a/1"], {}, kept).variants[0]?.model).toBe("m");
  expect(beginning([], { name: "Bo" }, kept).values).toEqual({ name: "Bo" });
  const other = beginning(["prompts:/b/2", "models:/c@champion"], {}, kept);
  expect(other.variants.map(({ base, adopted }) => [base, adopted])).toEqual([
    ["prompts:/b/2", false],
    ["models:/c@champion", false],
  ]);
});

test("what was kept and cannot be read is left alone", () => {
  for (const kept of [null, "{", "[]", '{"variants": []}', '{"variants": [{}]}']) {
    expect(beginning([], {}, kept).variants).toHaveLength(1);
  }
});

test("messages move one place, and not beyond the ends", () => {
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], 2, 1)).toEqual(["a", "b", "c"]);
  expect(moved(["a", "b", "c"], 0, -1)).toEqual(["a", "b", "c"]);
});

test("a parameter's text is JSON, or the word itself", () => {
  expect([valueOf("0.5"), valueOf('["a"]'), valueOf("low")]).toEqual([0.5, ["a"], "low"]);
});

test("each variable has a value, an empty one at least", () => {
  expect(valuesOf(["a", "b"], { a: "x", c: "y" })).toEqual({ a: "x", b: "", c: "y" });
});

test("what is written while a base is read stays, and what was written before does not", () => {
  const info: BaseInfo = {
    uri: "prompts:/a/1",
    kind: "prompt",
    name: "a",
    version: "1",
    variant: { task: "responses", model: "its own", template: "of the base", params: { seed: 1 } },
  };
  const before = edited(emptyDraft(), { model: "before", template: "before" });
  const chosen = edited(withBase(before, "prompts:/a/1"), { template: "meanwhile" });
  const made = adopted(chosen, info);
  expect([made.model, made.template, made.task, made.params]).toEqual([
    "its own",
    "meanwhile",
    "responses",
    { seed: 1 },
  ]);
  expect(adopted(withBase(chosen, "prompts:/a/1"), info).template).toBe("of the base");
});
