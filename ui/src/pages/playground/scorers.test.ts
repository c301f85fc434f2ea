import { expect, test } from "vitest";

import { chosenOf, newScorer, type Scorer } from "./scorers";

const parameter = (name: string, kind: Scorer["parameters"][number]["kind"]) => ({
  name,
  kind,
  required: false,
  choices: [],
  expectation: "",
});
const SCORER: Scorer = {
  name: "s",
  about: "",
  details: "",
  is_judge: false,
  parameters: [
    parameter("pattern", "text"),
    parameter("whole", "flag"),
    parameter("at_most", "whole"),
    parameter("fields", "texts"),
    parameter("levels", "levels"),
    parameter("schema", "json"),
  ],
};
const valuesOf = (texts: Record<string, string>) => chosenOf({ ...newScorer("s"), texts }, [SCORER]).parameters;

test("texts become values of their parameters, and what is empty is left out", () => {
  expect(
    valuesOf({
      pattern: " a b",
      whole: "true",
      at_most: "7",
      fields: "name\n\nage",
      levels: "1: No\n5 = Yes: all",
      schema: '{"type": "object"}',
    }),
  ).toEqual({
    pattern: " a b",
    whole: true,
    at_most: 7,
    fields: ["name", "age"],
    levels: { 1: "No", 5: "Yes: all" },
    schema: { type: "object" },
  });
  expect(valuesOf({ pattern: "", at_most: " " })).toEqual({});
});

test("what is no value is sent as it was typed, for the server to refuse", () => {
  const wrong = { at_most: "many", levels: "not at all", schema: "{" };
  expect(valuesOf(wrong)).toEqual(wrong);
});
