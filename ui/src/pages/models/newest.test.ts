import { expect, test } from "vitest";

import { newestOf } from "./newest";

test("versions are compared as numbers", () => {
  expect(newestOf([{ version: "9" }, { version: "10" }])).toBe(10);
  expect(newestOf([])).toBeUndefined();
});
