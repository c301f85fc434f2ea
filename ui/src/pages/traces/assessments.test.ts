import { expect, test } from "vitest";

import { expectationOf, judgedOf, read, sourceOf, typed, valueOf } from "./assessments";

test("what was replaced stands below what replaced it", () => {
  const first = { assessment_id: "a", create_time: "2026-01-01T00:00:00Z", valid: false };
  const second = { assessment_id: "b", create_time: "2026-01-02T00:00:00Z", overrides: "a" };
  const other = { assessment_id: "c", create_time: "2026-01-01T12:00:00Z" };
  expect(judgedOf([first, second, other])).toEqual([
    { now: second, before: [first] },
    { now: other, before: [] },
  ]);
});

test("assessments that replace one another do not go round for ever", () => {
  const one = { assessment_id: "a", overrides: "b" };
  expect(judgedOf([one, { assessment_id: "b", overrides: "a" }])).toEqual([]);
});

test("values are typed as JSON or as text, and come back as they were", () => {
  for (const value of ["good", "true", true, 3, { a: [1] }, "", null]) expect(read(typed(value))).toEqual(value);
  expect(valueOf({ expectation: expectationOf({ a: [1] }) } as never)).toEqual({ a: [1] });
  expect(valueOf({ expectation: expectationOf("x") } as never)).toBe("x");
  expect(valueOf({ feedback: { value: false } })).toBe(false);
});

test("sources are said in words", () => {
  expect(sourceOf({ source: { source_type: "HUMAN", source_id: "ada" } })).toBe("person ada");
  expect(sourceOf({ source: { source_type: "CODE", source_id: "default" } })).toBe("code");
  expect(sourceOf({})).toBe("source unknown");
});
