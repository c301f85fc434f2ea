import { expect, test } from "vitest";

import { MOST_KEPT, tailOf, withFresh } from "./tail";

const row = (id: string, state = "OK") => ({ info: { trace_id: id }, state });

test("new traces come apart from those shown, which get their newer states", () => {
  const tail = tailOf([row("b", "IN_PROGRESS"), row("a")], [row("c"), row("b")], false);
  expect(tail.fresh).toEqual([row("c")]);
  expect(tail.updated).toEqual([row("b"), row("a")]);
  expect(tail.gap).toBe(false);
});

test("where nothing of the newest is known there may be others between", () => {
  expect(tailOf([row("a")], [row("c"), row("b")], false).gap).toBe(true);
  expect(tailOf([row("a")], [row("c"), row("b")], true).gap).toBe(false);
  expect(tailOf([], [row("c")], false).gap).toBe(false);
});

test("what came is kept up to a number, and what it leaves out is told", () => {
  const one = withFresh({ rows: [row("a")], holed: false }, { updated: [], fresh: [row("b")], gap: false });
  expect(one).toEqual({ rows: [row("b"), row("a")], holed: false });
  expect(withFresh(one, { updated: [], fresh: [row("d")], gap: true }).holed).toBe(true);
  const many = Array.from({ length: MOST_KEPT }, (_, at) => row(`n${at}`));
  const full = withFresh({ rows: many, holed: false }, { updated: [], fresh: [row("new")], gap: false });
  expect([full.rows.length, full.rows[0]?.info.trace_id, full.holed]).toEqual([MOST_KEPT, "new", true]);
});
