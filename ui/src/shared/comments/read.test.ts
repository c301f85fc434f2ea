import { expect, test } from "vitest";

import { allRead, isUnread, readIn, withRead } from "./read";

const mention = (comment_id: string, creation_time: number) => ({ comment_id, creation_time });
const read = { until: 100, ids: ["seen"] };

test("what is after the moment and was not looked at is unread", () => {
  expect(isUnread(mention("old", 100), read)).toBe(false);
  expect(isUnread(mention("seen", 200), read)).toBe(false);
  expect(isUnread(mention("new", 200), read)).toBe(true);
});

test("comments are read one by one, or all at once", () => {
  const after = withRead(read, ["new", "seen"]);
  expect(after.ids).toEqual(["seen", "new"]);
  expect(withRead(after, ["new"])).toBe(after);
  expect(allRead([mention("a", 300), mention("b", 200)], read)).toEqual({ until: 300, ids: [] });
  expect(allRead([], read)).toEqual({ until: 100, ids: [] });
});

test("what a browser kept is taken if it can be read", () => {
  const usual = { until: 5, ids: [] };
  expect(readIn(null, usual)).toBe(usual);
  expect(readIn("nonsense", usual)).toBe(usual);
  expect(readIn('{"until": 9, "ids": ["a", 1]}', usual)).toEqual({ until: 9, ids: ["a"] });
  expect(readIn("null", usual)).toEqual({ until: 5, ids: [] });
});
