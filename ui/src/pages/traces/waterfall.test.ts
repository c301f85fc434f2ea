import { expect, test } from "vitest";

import { barOf, extentOf, firstTokenOf, rootOf, rowsOf, type Span, ticksOf, zoomTo } from "./waterfall";

const NONE: ReadonlySet<string> = new Set();

function span(id: string, parent: string | null, from: number, to: number | null): Span {
  return {
    id,
    parent: parent ?? undefined,
    name: id,
    type: "CHAIN",
    status: "OK",
    startMs: from,
    durationMs: to === null ? undefined : to - from,
    model: undefined,
    usage: undefined,
    cost: undefined,
    estimated: false,
    firstTokenMs: undefined,
  };
}

const ids = (spans: Span[], folded: ReadonlySet<string> = NONE) =>
  rowsOf(spans, folded).map((row) => `${row.span.id}${row.depth}`);

test("children stand below their parents, by start, wherever they come", () => {
  const spans = [span("late", "root", 50, 60), span("leaf", "early", 12, 15), span("early", "root", 10, 20)];
  expect(ids([...spans, span("root", null, 0, 100)])).toEqual(["root0", "early1", "leaf2", "late1"]);
});

test("a folded span hides what is below it, and says how much that is", () => {
  const spans = [span("root", null, 0, 9), span("a", "root", 1, 5), span("b", "a", 2, 3), span("c", "root", 6, 7)];
  expect(ids(spans, new Set(["a"]))).toEqual(["root0", "a1", "c1"]);
  expect(rowsOf(spans, new Set(["a"]))[1]).toMatchObject({ folded: true, below: 1, hasChildren: true });
  expect(rowsOf(spans, NONE)[0]).toMatchObject({ below: 3 });
  expect(ids(spans, new Set(["c"]))).toEqual(["root0", "a1", "b2", "c1"]);
});

test("a span without its parent stands at the top, and a circle of parents is cut", () => {
  const spans = [span("root", null, 0, 9), span("lost", "gone", 1, 2), span("x", "y", 3, 4), span("y", "x", 3, 4)];
  expect(ids(spans)).toEqual(["root0", "lost0", "x0", "y1"]);
  expect(
    rowsOf(spans, NONE)
      .filter((row) => row.orphan)
      .map((row) => row.span.id),
  ).toEqual(["lost", "x"]);
  expect(ids([span("own", "own", 0, 1)])).toEqual(["own0"]);
});

test("a child that begins before its parent, or ends after it, is marked", () => {
  const spans = [span("root", null, 10, 20), span("early", "root", 5, 12), span("over", "root", 15, 40)];
  expect(rowsOf(spans, NONE).map((row) => row.skewed)).toEqual([false, true, true]);
  expect(rowsOf([span("open", null, 0, null), span("done", "open", 1, 50)], NONE)[1]?.skewed).toBe(false);
  expect(extentOf([span("root", null, 10, 20), span("early", "root", -5, 12)])).toEqual({ from: -5, to: 20 });
});

test("own time leaves out children, each moment once though they run side by side", () => {
  const spans = [
    span("root", null, 0, 100),
    span("a", "root", 10, 50),
    span("b", "root", 20, 60),
    span("c", "root", 90, 200),
  ];
  expect(rowsOf(spans, NONE)[0]?.selfMs).toBe(40);
});

test("bars lie in the window, and are never too thin to see", () => {
  const window = { from: 0, to: 100 };
  expect(barOf(span("a", null, 25, 75), window)).toEqual({ left: 25, width: 50 });
  expect(barOf(span("a", null, 10, 10), window)).toEqual({ left: 10, width: 0.3 });
  expect(barOf(span("a", null, -50, 50), window)).toEqual({ left: 0, width: 50 });
  expect(barOf(span("a", null, 150, 160), window)).toBeUndefined();
  expect(barOf(span("open", null, 50, null), window, 100)).toEqual({ left: 50, width: 50 });
});

test("the first token of a streamed answer has its place in the window", () => {
  const streamed = { ...span("a", null, 20, 90), firstTokenMs: 30 };
  expect(firstTokenOf(streamed, { from: 0, to: 100 })).toBe(50);
  expect(firstTokenOf(streamed, { from: 60, to: 100 })).toBeUndefined();
  expect(firstTokenOf(span("b", null, 0, 9), { from: 0, to: 100 })).toBeUndefined();
});

test("zooming shows one span with a little around it", () => {
  const spans = [span("root", null, 0, 100), span("a", "root", 20, 40)];
  expect(zoomTo(spans, "a")).toEqual({ from: 19, to: 41 });
  expect(zoomTo(spans, "gone")).toEqual({ from: 0, to: 100 });
  expect(zoomTo([], undefined)).toEqual({ from: 0, to: 0 });
});

test("the scale has round numbers", () => {
  expect(ticksOf({ from: 0, to: 100 })).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticksOf({ from: 0, to: 0 })).toEqual([0]);
});

test("the root stands for the trace, else what comes first", () => {
  expect(rootOf([span("a", "gone", 5, 6), span("b", null, 7, 8)])?.id).toBe("b");
  expect(rootOf([span("a", "gone", 5, 6)])?.id).toBe("a");
  expect(rootOf([])).toBeUndefined();
});

test("ten thousand spans, each below the one before, take no recursion and little time", () => {
  const spans = Array.from({ length: 10_000 }, (_, index) =>
    span(`s${index}`, index ? `s${index - 1}` : null, index, 20_000),
  );
  const start = performance.now();
  const rows = rowsOf(spans, NONE);
  expect(rows.length).toBe(10_000);
  expect(rows.at(-1)?.depth).toBe(9_999);
  expect(performance.now() - start).toBeLessThan(500);
});
