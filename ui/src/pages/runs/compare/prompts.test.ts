import { expect, test } from "vitest";

import { promptPairs } from "./prompts";

const used = (version: string, name = "greet") => ({ name, version, text: `${name} ${version}` });
const facts = (...prompts: ReturnType<typeof used>[]) => ({ run_id: "r", prompts });

test("prompts of one name are compared, each pair once", () => {
  const pairs = promptPairs([
    facts(used("1", "other"), used("1")),
    facts(used("2")),
    facts(used("2")),
    facts(used("1")),
  ]);
  expect(pairs.map(({ from, to }) => [from, to])).toEqual([["greet 1", "greet 2"]]);
});

test("prompts of other names are compared in their order, unknown texts are left out", () => {
  expect(promptPairs([facts(used("1")), facts(used("1", "hail"))])).toHaveLength(1);
  expect(promptPairs([facts(used("1")), { run_id: "s", prompts: [{ name: "greet", version: "2" }] }])).toEqual([]);
  expect(promptPairs([])).toEqual([]);
});
