import { expect, test } from "vitest";

import { namesIn, scopeWords, stateOf, type Token } from "./tokens";

const token: Token = {
  token_id: "tk-1",
  username: "ada",
  name: "nightly",
  scope: {},
  creation_time: 1,
  expiration_time: null,
  last_used_time: null,
  revocation_time: null,
};

test("limits are said in words", () => {
  expect(scopeWords({})).toBe("everything");
  expect(scopeWords({ read_only: true, experiments: ["1", "2"], registered_models: [] })).toBe(
    "read only, experiments 1, 2",
  );
  expect(scopeWords({ endpoints: ["joker"] })).toBe("endpoint joker");
});

test("a token ends, or is ended", () => {
  expect(stateOf(token, 10)).toBe("valid");
  expect(stateOf({ ...token, expiration_time: 10 }, 10)).toBe("expired");
  expect(stateOf({ ...token, expiration_time: 10, revocation_time: 5 }, 10)).toBe("revoked");
});

test("names are read from lines and commas", () => {
  expect(namesIn(" a, b\n\nc ")).toEqual(["a", "b", "c"]);
  expect(namesIn("\n")).toBeUndefined();
});
