import { expect, test } from "vitest";

import { placed } from "./layout";

test("what something is made of stands to its left, and empty columns take no room", () => {
  const { places } = placed([
    { id: "e", kind: "endpoint" },
    { id: "p", kind: "prompt" },
    { id: "r", kind: "run" },
  ]);
  expect(places.toSorted((a, b) => a.x - b.x).map(({ id }) => id)).toEqual(["p", "r", "e"]);
  expect(new Set(places.map(({ x }) => x)).size).toBe(3);
});

test("a short column stands in the middle of a long one", () => {
  const { places, height } = placed([
    { id: "p", kind: "prompt" },
    { id: "a", kind: "run" },
    { id: "b", kind: "run" },
    { id: "c", kind: "run" },
  ]);
  const y = Object.fromEntries(places.map((place) => [place.id, place.y]));
  expect(y["p"]).toBe(y["b"]);
  expect(height).toBeGreaterThan(3 * 40);
});
