import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";

import { useShortcuts } from "../shortcuts";

import css from "./VirtualTable.module.css";

export type Column<Row> = {
  id: string;
  title: ReactNode;
  /** Width in px. */
  width: number;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the end of their cell. */
  isNumber?: boolean;
  /** Sorting: how the column is sorted now, and what changes that. */
  sorted?: "asc" | "desc" | undefined;
  sort?: () => void;
};

/** Rows can be marked: by a box in front of each, by `x`, and with Shift all from the one marked before. */
export type Marks<Row> = {
  has: (row: Row) => boolean;
  /** Marks a row or takes its mark away; `through`: all rows from the one before to this one. */
  toggle: (row: Row, index: number, through: boolean) => void;
  /** What a row's box is called, for people who hear it. */
  name: (row: Row) => string;
};

type Props<Row> = {
  /** What the table shows, for people who hear it: "Runs". */
  label: string;
  /** Memoised: rows are drawn anew when it changes. */
  columns: readonly Column<Row>[];
  /** How many rows there are in all. */
  total: number;
  /** The row at a place; undefined while it is loaded. */
  row: (index: number) => Row | undefined;
  /** Told which rows are seen, so that they can be loaded. */
  seen?: (first: number, last: number) => void;
  /** Opens a row: by Enter, or a click on it. */
  open?: (row: Row, index: number) => void;
  /** Memoised too. */
  marks?: Marks<Row>;
  rowHeight?: number;
  /** The table goes back to its top when this changes: what it shows is something else. */
  about?: unknown;
};

const OVERSCAN = 12;
const BOX = 40;

/** A table of any number of rows, of which only those in sight are in the page; `j`, `k` and Enter work in it. */
export function VirtualTable<Row>(props: Props<Row>) {
  const { label, columns, total, row, seen, open, marks, rowHeight = 34, about } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  // The compiler leaves this component alone: the virtualizer is one object that changes.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => seen?.(first, last), [seen, first, last]);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [about]);
  useShortcuts(
    useMemo(() => {
      const move = (by: number) => {
        setActive((now) => {
          const next = Math.max(0, Math.min(total - 1, now + by));
          virtual.scrollToIndex(next);
          return next;
        });
      };
      const enter = () => {
        const found = row(active);
        if (found !== undefined) open?.(found, active);
      };
      const mark = (through: boolean) => {
        const found = row(active);
        if (found !== undefined) marks?.toggle(found, active, through);
      };
      return [
        { keys: "j", does: "Next row", run: () => move(1) },
        { keys: "k", does: "Previous row", run: () => move(-1) },
        ...(open && active >= 0 ? [{ keys: "Enter", does: "Open the row", run: enter }] : []),
        ...(marks && active >= 0
          ? [
              { keys: "x", does: "Select the row", run: () => mark(false) },
              { keys: "X", does: "Select the rows up to this one", run: () => mark(true) },
            ]
          : []),
      ];
    }, [virtual, total, row, open, marks, active]),
    "Table",
  );
  const width = columns.reduce((sum, column) => sum + column.width, marks ? BOX : 0);
  const across = useMemo(() => {
    const wide = columns.map((column) => `minmax(${column.width}px, ${column.width}fr)`).join(" ");
    return { gridTemplateColumns: marks ? `${BOX}px ${wide}` : wide, minWidth: width };
  }, [columns, marks, width]);
  const opened = useCallback(
    (found: Row, index: number) => {
      setActive(index);
      open?.(found, index);
    },
    [open],
  );
  return (
    // A region that scrolls must be reached by the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={scroller} className={css.scroller} tabIndex={0} role="region" aria-label={`${label}, scrollable`}>
      <div
        role="table"
        aria-label={label}
        aria-rowcount={total + 1}
        aria-colcount={columns.length + (marks ? 1 : 0)}
        style={{ minWidth: width }}
      >
        <div role="rowgroup" className={css.head} style={{ minWidth: width }}>
          <div role="row" aria-rowindex={1} className={css.line} style={across}>
            {marks && (
              <div role="columnheader" className={css.cell}>
                <span className="visually-hidden">Selected</span>
              </div>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize(), minWidth: width }}>
          {items.map((item) => {
            const found = row(item.index);
            return (
              <LineOf
                key={item.index}
                index={item.index}
                start={item.start}
                height={rowHeight}
                row={found}
                columns={columns as readonly Column<unknown>[]}
                across={across}
                isActive={item.index === active}
                open={open ? (opened as Opened) : undefined}
                marks={marks as Marks<unknown> | undefined}
                isMarked={found !== undefined && marks?.has(found) === true}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

type Opened = (row: unknown, index: number) => void;

type LineProps = {
  index: number;
  start: number;
  height: number;
  row: unknown;
  columns: readonly Column<unknown>[];
  across: CSSProperties;
  isActive: boolean;
  open: Opened | undefined;
  marks: Marks<unknown> | undefined;
  isMarked: boolean;
};

/** One row. Drawn anew only when something of it changes, so that scrolling costs the rows that come into sight. */
const LineOf = memo(function LineOf(props: LineProps) {
  const { index, start, height, row, columns, across, isActive, open, marks, isMarked } = props;
  return (
    // The keyboard opens rows by j, k and Enter, and by the links in their cells.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={marks && isMarked}
      className={css.line}
      data-active={isActive}
      data-marked={isMarked}
      data-opens={open !== undefined}
      style={{ ...across, height, transform: `translateY(${start}px)` }}
      onClick={(event) => {
        if (row === undefined || !open) return;
        if ((event.target as HTMLElement).closest("a, button, input, label")) return;
        open(row, index);
      }}
    >
      {marks && (
        <div role="cell" className={css.mark}>
          {row !== undefined && (
            <label className={css.box}>
              <span className="visually-hidden">{marks.name(row)}</span>
              <input
                type="checkbox"
                checked={isMarked}
                onChange={(event) =>
                  marks.toggle(row, index, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)
                }
              />
            </label>
          )}
        </div>
      )}
      {columns.map((column) => (
        <div key={column.id} role="cell" className={column.isNumber ? css.number : css.cell}>
          {row === undefined ? <span className={css.coming} /> : column.cell(row)}
        </div>
      ))}
    </div>
  );
});

function Head<Row>({ column }: { column: Column<Row> }) {
  const { sort, sorted, title } = column;
  const aria = sorted === undefined ? undefined : sorted === "asc" ? "ascending" : "descending";
  return (
    <div role="columnheader" aria-sort={aria} className={column.isNumber ? css.number : css.cell}>
      {sort ? (
        <button type="button" className={css.sort} onClick={sort}>
          {title}
          {sorted && <span aria-hidden>{sorted === "asc" ? " ↑" : " ↓"}</span>}
        </button>
      ) : (
        title
      )}
    </div>
  );
}
