import { expect, test } from "vitest";

import { parseSettingsSearch } from "./search";

test("what an address says is understood", () => {
  expect(parseSettingsSearch({ tab: "retention", experiments: [1, "2"], older: 30, keep: "0.5" })).toEqual({
    tab: "retention",
    experiments: ["1", "2"],
    older: 30,
    keep: 0.5,
  });
});

test("what cannot be is left out", () => {
  expect(
    parseSettingsSearch({ tab: "nothing", days: -1, experiments: ["a"], by: "colour", older: -3, keep: "x" }),
  ).toEqual({});
});
