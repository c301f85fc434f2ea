import { expect, test } from "vitest";

import { loadLines } from "./loadLines";

test("three lines load a version, whatever its name", () => {
  expect(loadLines("jo ker%", "3", [{ name: "topic" }]).split("\n")).toEqual([
    "import quire",
    'model = quire.pyfunc.load_model("models:/jo%20ker%25/3")',
    'print(model.predict([{"topic": "…"}]))',
  ]);
  expect(loadLines("a", "1", [{ name: null }])).toContain('predict(["…"])');
});
