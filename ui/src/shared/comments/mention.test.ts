import { expect, test } from "vitest";

import { mentioning, typedAt } from "./mention";

test("a name is being typed where an @ begins a word before the caret", () => {
  expect(typedAt("@ad", 3)).toEqual({ start: 0, prefix: "ad" });
  expect(typedAt("thanks @", 8)).toEqual({ start: 7, prefix: "" });
  expect(typedAt('see @"Ada Lo', 12)).toEqual({ start: 4, prefix: "Ada Lo" });
  expect(typedAt("(@ad", 4)).toEqual({ start: 1, prefix: "ad" });
  expect(typedAt("@ada@exa", 8)).toEqual({ start: 0, prefix: "ada@exa" });
});

test("an address, a finished name or a plain word is none", () => {
  for (const text of ["mail ada@ex", "@ada ", "ada", "https://x/@a", ""])
    expect(typedAt(text, text.length)).toBe(undefined);
});

test("the chosen name replaces what was typed, in quotes if it needs them", () => {
  expect(mentioning("hi @ad!", { start: 3, prefix: "ad" }, 6, "ada")).toEqual({ text: "hi @ada !", caret: 8 });
  expect(mentioning("hi @ad you", { start: 3, prefix: "ad" }, 6, "ada")).toEqual({ text: "hi @ada you", caret: 8 });
  expect(mentioning('@"Ad', { start: 0, prefix: "Ad" }, 4, "Ada L").text).toBe('@"Ada L" ');
});
