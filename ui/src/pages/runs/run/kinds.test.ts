import { expect, test } from "vitest";

import { kindOf } from "./kinds";

test("what a browser would run is text", () => {
  for (const path of ["a.html", "a.svg", "a.js", "a.png.html", "README", "a.xml"]) expect(kindOf(path)).toBe("text");
  expect(kindOf("plots/roc.PNG")).toBe("picture");
  expect(kindOf("settings.json")).toBe("json");
  expect(kindOf("model.pkl")).toBe("other");
});
