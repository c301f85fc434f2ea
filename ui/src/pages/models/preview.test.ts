import { expect, test } from "vitest";

import { decoded } from "./preview";

const buffer = (...bytes: number[]) => new Uint8Array(bytes).buffer;

test("bytes that are no UTF-8 are replaced, and bytes with zeros are no text", () => {
  expect(decoded(buffer(0x61, 0xff, 0x62))).toBe("a\ufffdb");
  expect(decoded(buffer(0x61, 0))).toBeUndefined();
});
