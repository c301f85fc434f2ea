import { expect, test } from "vitest";

import { at, type Draft, read, textOf, withValue } from "./draft";

const endpoint: Draft = { name: "joker", model: "models:/joker@champion", limits: { concurrency: 4 } };

test("what the store fills in is not edited", () => {
  expect(JSON.parse(textOf({ name: "joker", model: "m", revision: 3, creation_time: 1 }))).toEqual({
    name: "joker",
    model: "m",
  });
});

test("a field is changed where it is, and what becomes empty goes", () => {
  expect(JSON.parse(withValue(endpoint, ["upstream", "base_url"], "https://x"))).toMatchObject({
    upstream: { base_url: "https://x" },
    limits: { concurrency: 4 },
  });
  expect(JSON.parse(withValue(endpoint, ["limits", "concurrency"], undefined))).toEqual({
    name: "joker",
    model: "models:/joker@champion",
  });
  expect(at(endpoint, ["limits", "concurrency"])).toBe(4);
  expect(at(endpoint, ["caching", "ttl_s"])).toBeUndefined();
});

test("a mistake is named", () => {
  expect(read("{")).toHaveProperty("mistake");
  expect(read("[]")).toHaveProperty("mistake");
  expect(read('{"name": "a", "model": "m", "limit": {}}')).toEqual({
    mistake: expect.stringContaining('no field "limit"') as string,
  });
  expect(read('{"name": "a"}')).toHaveProperty("mistake");
  expect(read('{"name": "a", "model": "m"}')).toEqual({ draft: { name: "a", model: "m" } });
});
