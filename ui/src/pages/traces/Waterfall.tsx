import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";

import { Button } from "~/shared/Button";
import { count, duration } from "~/shared/quantities";

import { barOf, extentOf, firstTokenOf, type Row, rowsOf, type Span, ticksOf, zoomTo } from "./waterfall";
import css from "./Waterfall.module.css";
import { WaterfallRow } from "./WaterfallRow";

type Props = {
  spans: readonly Span[];
  chosen: string | undefined;
  choose: (spanId: string) => void;
  /** The span whose time fills the picture; undefined for all of it. */
  zoom: string | undefined;
  setZoom: (spanId: string | undefined) => void;
  /** How far spans that have not ended reach, in ms after the first start. */
  now: number;
};

const ROW = 28;
const OVERSCAN = 15;

/** The spans of a trace as bars over time, one below the other. Arrows move between them; left and right fold. */
export function Waterfall({ spans, chosen, choose, zoom, setZoom, now }: Props) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set());
  const rows = useMemo(() => rowsOf(spans, folded, now), [spans, folded, now]);
  const window = useMemo(() => (zoom ? zoomTo(spans, zoom, now) : extentOf(spans, now)), [spans, zoom, now]);
  const size = window.to - window.from;
  const scroller = useRef<HTMLDivElement>(null);
  // The virtualizer is one object that changes.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
  });
  const at = rows.findIndex((row) => row.span.id === chosen);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const fold = (row: Row, to: boolean) => {
    const next = new Set(folded);
    if (to) next.add(row.span.id);
    else next.delete(row.span.id);
    setFolded(next);
  };
  const go = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (row) choose(row.span.id);
  };
  const pressed = (event: KeyboardEvent) => {
    const row = rows[at];
    const done = actionOf(event.key, { row, rows, at, go, fold, zoom: () => setZoom(zoom ? undefined : chosen) });
    if (done) event.preventDefault();
  };
  return (
    <section aria-label="Waterfall" className={css.waterfall}>
      <div className="row">
        <span className="small muted">
          {count(spans.length)} {spans.length === 1 ? "span" : "spans"} in {duration(size)}
          {zoom !== undefined && ` from ${duration(window.from)} on`}
        </span>
        <span className="grow" />
        <Button onClick={() => setZoom(chosen)} disabled={chosen === undefined || zoom === chosen}>
          Zoom in
        </Button>
        <Button onClick={() => setZoom(undefined)} disabled={zoom === undefined}>
          Zoom out
        </Button>
        <Button
          onClick={() =>
            setFolded(
              folded.size > 0 ? new Set() : new Set(rows.filter((row) => row.depth > 0).map((row) => row.span.id)),
            )
          }
        >
          {folded.size > 0 ? "Unfold all" : "Fold all"}
        </Button>
      </div>
      <div className={css.scale} aria-hidden>
        {ticksWithRoom(size).map((tick) => (
          <span
            key={tick}
            data-late={tick > size * 0.65}
            title={duration(tick)}
            style={{ insetInlineStart: `calc(var(--names) + (100% - var(--names)) * ${size ? tick / size : 0})` }}
          >
            {tick === 0 ? "0" : duration(tick)}
          </span>
        ))}
      </div>
      <div
        ref={scroller}
        className={css.rows}
        role="tree"
        tabIndex={0}
        aria-label="Spans"
        aria-activedescendant={at >= 0 ? `span-${chosen}` : undefined}
        onKeyDown={pressed}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <WaterfallRow
                  key={row.span.id}
                  row={row}
                  bar={barOf(row.span, window, now)}
                  firstToken={firstTokenOf(row.span, window)}
                  top={item.start}
                  chosen={row.span.id === chosen}
                  choose={choose}
                  fold={fold}
                />
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

/** The marks of the scale; near the end there is no room for what a mark says. */
function ticksWithRoom(size: number): number[] {
  return ticksOf({ from: 0, to: size }).filter((tick) => tick <= size * 0.85);
}

type Moves = {
  row: Row | undefined;
  rows: readonly Row[];
  at: number;
  go: (to: number) => void;
  fold: (row: Row, to: boolean) => void;
  zoom: () => void;
};

/** Do what a key means; whether it means anything. */
function actionOf(key: string, { row, rows, at, go, fold, zoom }: Moves): boolean {
  if (key === "ArrowDown") go(at + 1);
  else if (key === "ArrowUp") go(Math.max(at, 0) - 1);
  else if (key === "Home") go(0);
  else if (key === "End") go(rows.length - 1);
  else if (key === "PageDown") go(at + 10);
  else if (key === "PageUp") go(at - 10);
  else if (key === "z") zoom();
  else if (key === "ArrowLeft" && row?.hasChildren && !row.folded) fold(row, true);
  else if (key === "ArrowLeft" && row) go(parentOf(rows, at));
  else if (key === "ArrowRight" && row?.folded) fold(row, false);
  else if (key === "ArrowRight" && row?.hasChildren) go(at + 1);
  else return false;
  return true;
}

function parentOf(rows: readonly Row[], at: number): number {
  const depth = rows[at]?.depth ?? 0;
  for (let above = at - 1; above >= 0; above -= 1) if ((rows[above]?.depth ?? 0) < depth) return above;
  return at;
}
