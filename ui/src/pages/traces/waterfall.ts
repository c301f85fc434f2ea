/** The waterfall of a trace: which spans are rows, in what order and how deep, and where their bars are. */
import { type Schemas, toNumber } from "~/api/types";

export type Span = {
  id: string;
  parent: string | undefined;
  name: string;
  type: string;
  status: string;
  /** When it began, in ms after the first span of the trace. */
  startMs: number;
  /** How long it took; undefined for one that has not ended. */
  durationMs: number | undefined;
  model: string | undefined;
  /** Tokens by kind, and US dollars by kind. */
  usage: Record<string, number> | undefined;
  cost: Record<string, number> | undefined;
  /** Whether Quire reckoned the tokens, because the service did not tell them. */
  estimated: boolean;
  /** When the first token of a streamed answer came, in ms after the span began. */
  firstTokenMs: number | undefined;
};

export type Row = {
  span: Span;
  depth: number;
  /** How many spans are below it, at any depth. */
  below: number;
  hasChildren: boolean;
  folded: boolean;
  /** It names a parent that is not there (or itself, by a circle), so it stands at the top. */
  orphan: boolean;
  /** It begins before its parent, or ends after it: clocks that differ, or work that went on. */
  skewed: boolean;
  /** Time in which it ran and nothing below it did, in ms. */
  selfMs: number;
};

/** A time in ms after the first span's start. */
export type Window = { from: number; to: number };

/** Clocks of one machine differ by less than this (ms). */
const SKEW_MS = 1;

type Tree = { roots: Span[]; children: ReadonlyMap<string, Span[]>; orphans: ReadonlySet<string> };

/** A span as the server outlines it. */
export function spanOf(outline: Schemas["SpanOutline"]): Span {
  const { duration_us: took, cost, first_token_ms: first } = outline;
  return {
    id: outline.span_id,
    parent: outline.parent_id || undefined,
    name: outline.name,
    type: outline.type,
    status: outline.status,
    startMs: outline.offset_us / 1000,
    durationMs: took === null || took === undefined ? undefined : took / 1000,
    model: outline.model ?? undefined,
    usage: outline.usage ?? undefined,
    cost: cost ? Object.fromEntries(Object.entries(cost).map(([kind, usd]) => [kind, toNumber(usd)])) : undefined,
    estimated: outline.estimated ?? false,
    firstTokenMs: first === null || first === undefined ? undefined : toNumber(first),
  };
}

/** The whole time of a trace; a span that has not ended reaches to `now` (ms after the first start). */
export function extentOf(spans: readonly Span[], now = 0): Window {
  let [from, to] = [0, 0];
  for (const span of spans) {
    from = Math.min(from, span.startMs);
    to = Math.max(to, endOf(span, now));
  }
  return { from, to: Math.max(to, from) };
}

/** The rows of the waterfall: parents before their children, children by start, nothing below a folded span. */
export function rowsOf(spans: readonly Span[], folded: ReadonlySet<string>, now = 0): Row[] {
  const tree = treeOf(spans);
  const below = countsOf(spans, tree);
  const rows: Row[] = [];
  const waiting: { span: Span; depth: number; parent: Span | undefined }[] = tree.roots
    .toReversed()
    .map((span) => ({ span, depth: 0, parent: undefined }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { span, depth, parent } = next;
    const children = tree.children.get(span.id) ?? [];
    const isFolded = folded.has(span.id) && children.length > 0;
    rows.push({
      span,
      depth,
      below: below.get(span.id) ?? 0,
      hasChildren: children.length > 0,
      folded: isFolded,
      orphan: tree.orphans.has(span.id),
      skewed: parent !== undefined && isSkewed(span, parent),
      selfMs: selfOf(span, children, now),
    });
    if (!isFolded) {
      for (const child of children.toReversed()) waiting.push({ span: child, depth: depth + 1, parent: span });
    }
  }
  return rows;
}

/** Where a bar is in a window, in percent; undefined if it lies outside. Every bar is at least a hair wide. */
export function barOf(span: Span, window: Window, now = 0): { left: number; width: number } | undefined {
  const size = window.to - window.from || 1;
  const end = endOf(span, now);
  if (end < window.from || span.startMs > window.to) return undefined;
  const start = Math.max(span.startMs, window.from);
  const left = (100 * (start - window.from)) / size;
  const width = (100 * (Math.min(end, window.to) - start)) / size;
  return { left: Math.min(left, 99.7), width: Math.max(width, 0.3) };
}

/** Where in a window the first token of a span came, in percent; undefined if none came, or outside of it. */
export function firstTokenOf(span: Span, window: Window): number | undefined {
  if (span.firstTokenMs === undefined) return undefined;
  const at = span.startMs + span.firstTokenMs;
  if (at < window.from || at > window.to) return undefined;
  return (100 * (at - window.from)) / (window.to - window.from || 1);
}

/** The time of one span, with a little around it, to look at closely; all of it if there is no such span. */
export function zoomTo(spans: readonly Span[], spanId: string | undefined, now = 0): Window {
  const whole = extentOf(spans, now);
  const span = spans.find(({ id }) => id === spanId);
  if (!span) return whole;
  const margin = Math.max((endOf(span, now) - span.startMs) * 0.05, 0.001);
  return { from: span.startMs - margin, to: endOf(span, now) + margin };
}

/** Round times for the scale above the bars. */
export function ticksOf(window: Window, most = 5): number[] {
  const size = window.to - window.from;
  if (size <= 0) return [window.from];
  const power = 10 ** Math.floor(Math.log10(size / most));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((width) => size / width <= most) ?? 10 * power;
  const first = Math.ceil(window.from / step);
  const last = Math.floor(window.to / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** The span that stands for the trace: its first root; undefined if there is none. */
export function rootOf(spans: readonly Span[]): Span | undefined {
  return spans.find((span) => !span.parent) ?? treeOf(spans).roots[0];
}

export function endOf(span: Span, now = 0): number {
  return (
    span.startMs + (span.durationMs === undefined ? Math.max(now - span.startMs, 0) : Math.max(span.durationMs, 0))
  );
}

function treeOf(spans: readonly Span[]): Tree {
  const known = new Set(spans.map((span) => span.id));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  const orphans = new Set<string>();
  for (const span of spans) {
    const parent = span.parent;
    if (parent && parent !== span.id && known.has(parent)) {
      const brothers = children.get(parent);
      if (brothers) brothers.push(span);
      else children.set(parent, [span]);
    } else {
      roots.push(span);
      if (parent) orphans.add(span.id);
    }
  }
  for (const span of inCircles(spans, roots, children)) {
    roots.push(span);
    orphans.add(span.id);
    const brothers = children.get(span.parent ?? "");
    if (brothers)
      children.set(
        span.parent ?? "",
        brothers.filter((other) => other !== span),
      );
  }
  for (const list of [roots, ...children.values()]) list.sort((one, other) => one.startMs - other.startMs);
  return { roots, children, orphans };
}

/** One span of each circle of parents, at which the circle is cut. */
function inCircles(spans: readonly Span[], roots: readonly Span[], children: ReadonlyMap<string, Span[]>): Span[] {
  const reached = new Set<string>();
  const reach = (from: Span) => {
    const waiting = [from];
    for (let span = waiting.pop(); span; span = waiting.pop()) {
      if (reached.has(span.id)) continue;
      reached.add(span.id);
      waiting.push(...(children.get(span.id) ?? []));
    }
  };
  roots.forEach(reach);
  const cut: Span[] = [];
  for (const span of spans) {
    if (reached.has(span.id)) continue;
    cut.push(span);
    reach(span);
  }
  return cut;
}

function countsOf(spans: readonly Span[], tree: Tree): Map<string, number> {
  const order: Span[] = [];
  const waiting = [...tree.roots];
  for (let span = waiting.pop(); span; span = waiting.pop()) {
    order.push(span);
    waiting.push(...(tree.children.get(span.id) ?? []));
  }
  const counts = new Map<string, number>(spans.map((span) => [span.id, 0]));
  for (const span of order.toReversed()) {
    const children = tree.children.get(span.id) ?? [];
    counts.set(
      span.id,
      children.reduce((sum, child) => sum + 1 + (counts.get(child.id) ?? 0), 0),
    );
  }
  return counts;
}

function isSkewed(span: Span, parent: Span): boolean {
  return span.startMs < parent.startMs - SKEW_MS || endOf(span) > endOf(parent, Number.POSITIVE_INFINITY) + SKEW_MS;
}

/** What is left of a span's time without that of its children, which may run side by side. */
function selfOf(span: Span, children: readonly Span[], now: number): number {
  const end = endOf(span, now);
  let [left, at] = [end - span.startMs, span.startMs];
  for (const child of children) {
    const from = Math.max(child.startMs, at);
    const to = Math.min(endOf(child, now), end);
    if (to > from) {
      left -= to - from;
      at = to;
    }
  }
  return left;
}
