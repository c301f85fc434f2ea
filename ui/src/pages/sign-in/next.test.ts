import { expect, test } from "vitest";

import { placeAfter } from "./next";

const base = new URL("https://quire.example/team/");

test("the page that was asked for is gone to, with its parameters", () => {
  expect(placeAfter("/team/runs?filter=a%3D1", base)).toBe("https://quire.example/team/runs?filter=a%3D1");
});

test.each([undefined, "", "runs", "//evil.example/team/", "/\\evil.example", "https://evil.example/team/", "/other/"])(
  "%s leads to the start",
  (next) => {
    expect(placeAfter(next, base)).toBe("https://quire.example/team/");
  },
);

test("the sign-in does not lead to itself", () => {
  expect(placeAfter("/team/sign-in?next=%2Fteam%2F", base)).toBe("https://quire.example/team/");
});
