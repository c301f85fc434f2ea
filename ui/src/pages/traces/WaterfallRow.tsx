import { ChevronDown, ChevronRight, CircleAlert, LoaderCircle, TriangleAlert } from "lucide-react";

import { count, duration } from "~/shared/quantities";
import { plain } from "~/shared/text/plain";

import type { Row } from "./waterfall";
import css from "./Waterfall.module.css";

type Props = {
  row: Row;
  bar: { left: number; width: number } | undefined;
  /** Where the first token of a streamed answer came, in percent of the window. */
  firstToken: number | undefined;
  top: number;
  chosen: boolean;
  choose: (spanId: string) => void;
  fold: (row: Row, to: boolean) => void;
};

const DEEPEST = 12;

/** One span: its name, indented by its depth, and its bar. */
export function WaterfallRow({ row, bar, firstToken, top, chosen, choose, fold }: Props) {
  const { span, depth, hasChildren, folded, below } = row;
  const open = span.durationMs === undefined;
  const took = open ? "not ended" : duration(span.durationMs);
  return (
    // The tree takes the keys: its rows are not focused themselves.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={`span-${span.id}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={chosen}
      {...(hasChildren && { "aria-expanded": !folded })}
      className={css.row}
      data-chosen={chosen}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => choose(span.id)}
    >
      <div className={css.name} style={{ paddingInlineStart: `${Math.min(depth, DEEPEST) * 0.9}rem` }}>
        {hasChildren ? (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
          <span
            className={css.fold}
            title={folded ? "Unfold" : "Fold"}
            onClick={(event) => {
              event.stopPropagation();
              fold(row, !folded);
            }}
          >
            {folded ? <ChevronRight size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
          </span>
        ) : (
          <span className={css.fold} />
        )}
        <span className={css.text} title={titleOf(row)}>
          {plain(span.name) || span.id}
        </span>
        <span className="visually-hidden">{wordsOf(row)}</span>
        {folded && <span className="small muted">+{count(below)}</span>}
        {span.status === "ERROR" && <CircleAlert size={14} className={css.bad} aria-hidden />}
        {(row.orphan || row.skewed) && <TriangleAlert size={14} className={css.warn} aria-hidden />}
        {open && <LoaderCircle size={14} className={css.open} aria-hidden />}
      </div>
      <div className={css.track}>
        {bar && (
          <>
            <div
              className={css.bar}
              data-type={span.type}
              data-status={span.status}
              data-open={open}
              style={{ insetInlineStart: `${bar.left}%`, width: `${bar.width}%` }}
            />
            {firstToken !== undefined && (
              <span
                className={css.first}
                title={`The first token came after ${duration(span.firstTokenMs)}`}
                style={{ insetInlineStart: `${firstToken}%` }}
              />
            )}
            <span className={placeOf(bar) ? css.took : `${css.took} ${css.inside}`} style={placeOf(bar)}>
              {took}
            </span>
          </>
        )}
      </div>
    </div>
  );
}

/** How much of a track holds the longest duration, on a telephone too, in percent. */
const ROOM = 40;

/** Where a bar's duration stands: after it, before it, or (undefined) on it where there is no room beside it. */
function placeOf(bar: { left: number; width: number }) {
  const end = bar.left + bar.width;
  if (end <= 100 - ROOM) return { insetInlineStart: `${end + 0.5}%` };
  if (bar.left >= ROOM) return { insetInlineEnd: `${100 - bar.left + 0.5}%` };
  return undefined;
}

/** What the colours and signs of a row say, in words. */
function wordsOf(row: Row): string {
  const { span } = row;
  return [
    span.type.toLowerCase().replaceAll("_", " "),
    span.status === "ERROR" && "failed",
    row.orphan && "its parent is missing",
    row.skewed && "outside of its parent's time",
    span.firstTokenMs !== undefined && `first token after ${duration(span.firstTokenMs)}`,
  ]
    .filter(Boolean)
    .join(", ");
}

function titleOf(row: Row): string {
  return [
    plain(row.span.name),
    row.orphan && "Its parent is not among the spans of this trace.",
    row.skewed && "It begins before its parent or ends after it: clocks differ, or it went on by itself.",
  ]
    .filter(Boolean)
    .join("\n");
}
