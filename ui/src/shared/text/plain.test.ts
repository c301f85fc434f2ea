import { expect, test } from "vitest";

import { plain } from "./plain";

test("terminal colours are gone and the words stay", () => {
  expect(plain("\u001b[31mred\u001b[0m \u001b]8;;https://x\u0007link")).toBe("red link");
});

test("control characters can be seen", () => {
  expect(plain("a\u0000b\u0007c\td\ne")).toBe("a␀b␇c\td\ne");
});

test("signs that turn text around are shown, and right-to-left text and emoji are left alone", () => {
  expect(plain("\u202egnp.exe")).toBe("⟨U+202E⟩gnp.exe");
  expect(plain("שלום 👩‍👩‍👧 ok")).toBe("שלום 👩‍👩‍👧 ok");
});

test("half of a pair of surrogates is replaced", () => {
  expect(plain("a\ud83d b")).toBe("a\ufffd b");
});
