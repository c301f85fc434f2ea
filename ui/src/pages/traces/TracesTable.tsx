import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";

import { StatusBadge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { cost, count, duration } from "~/shared/quantities";
import { type Column, type Marks, VirtualTable } from "~/shared/table/VirtualTable";
import { Time } from "~/shared/Time";

import { factsOf } from "./facts";
import type { Sort, TracesSearch } from "./search";
import css from "./TracesTable.module.css";
import type { TraceRow, useTraces } from "./useTraces";

type Props = {
  found: ReturnType<typeof useTraces>;
  search: TracesSearch;
  change: (changed: TracesSearch) => void;
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
};

/** The table of traces. What comes while one reads further down waits for a click. */
export function TracesTable({ found, search, change, chosen, choose }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const { rows, hasNextPage, seen, setAtTop } = found;
  const columns = useColumns(search, change);
  const marks = useMarks(rows, chosen, choose);
  const row = useCallback((index: number) => rows[index], [rows]);
  const open = useCallback(
    (found: TraceRow) => void navigate({ to: "/traces/$traceId", params: { traceId: found.info.trace_id } }),
    [navigate],
  );
  const toTop = () => {
    found.take();
    place.current?.querySelector("[role=region]")?.scrollTo({ top: 0 });
  };
  return (
    <div
      ref={place}
      className={css.place}
      onScrollCapture={(event) => setAtTop((event.target as HTMLElement).scrollTop < 10)}
    >
      {found.waiting > 0 && (
        <div className={css.waiting} role="status">
          <Button look="primary" onClick={toTop}>
            {found.gap && "more than "}
            {count(found.waiting)} new {found.waiting === 1 ? "trace" : "traces"} ↑
          </Button>
        </div>
      )}
      <VirtualTable
        label="Traces"
        columns={columns}
        total={rows.length + (hasNextPage ? 1 : 0)}
        row={row}
        seen={seen}
        open={open}
        marks={marks}
      />
    </div>
  );
}

function useColumns(search: TracesSearch, change: Props["change"]): Column<TraceRow>[] {
  return useMemo(() => {
    const { sort = "time", ascending = false } = search;
    const sorting = (by: Sort) => ({
      sorted: sort === by ? (ascending ? ("asc" as const) : ("desc" as const)) : undefined,
      sort: () =>
        change({
          sort: by === "time" ? undefined : by,
          ascending: sort === by && !ascending ? true : undefined,
          live: undefined,
        }),
    });
    return [
      {
        id: "time",
        title: "Time",
        width: 150,
        ...sorting("time"),
        cell: ({ info }) => <Time ms={factsOf(info).startMs} />,
      },
      { id: "name", title: "Name", width: 150, cell: (row) => <Name row={row} /> },
      { id: "status", title: "Status", width: 96, cell: ({ info }) => <StatusBadge status={info.state} /> },
      {
        id: "latency",
        title: "Latency",
        width: 88,
        isNumber: true,
        ...sorting("latency"),
        cell: ({ info }) => duration(factsOf(info).durationMs),
      },
      {
        id: "tokens",
        title: "Tokens",
        width: 82,
        isNumber: true,
        ...sorting("tokens"),
        cell: ({ info }) => count(factsOf(info).tokens),
      },
      {
        id: "cost",
        title: "Cost",
        width: 116,
        isNumber: true,
        ...sorting("cost"),
        cell: ({ info }) => cost(factsOf(info).cost),
      },
      { id: "model", title: "Model", width: 120, cell: ({ models }) => <Cut text={models.join(", ") || "–"} /> },
      {
        id: "session",
        title: "Session, user",
        width: 130,
        cell: ({ info }) => {
          const { session, user } = factsOf(info);
          return <Cut text={[session, user].filter(Boolean).join(", ") || "–"} />;
        },
      },
      { id: "input", title: "Input", width: 200, cell: ({ info }) => <Cut text={info.request_preview ?? "–"} /> },
      { id: "output", title: "Output", width: 200, cell: ({ info }) => <Cut text={info.response_preview ?? "–"} /> },
    ];
  }, [search, change]);
}

/** Boxes in front of the rows; with Shift, all rows from the one marked before. */
function useMarks(rows: readonly TraceRow[], chosen: Props["chosen"], choose: Props["choose"]): Marks<TraceRow> {
  const before = useRef(-1);
  return useMemo(
    () => ({
      has: ({ info }) => chosen.has(info.trace_id),
      name: ({ info }) => `Choose ${info.trace_id}`,
      toggle: ({ info }, index, through) => {
        const next = new Set(chosen);
        const [first, last] =
          through && before.current >= 0 ? [before.current, index].sort((a, b) => a - b) : [index, index];
        const ids = rows.slice(first, (last ?? index) + 1).map((row) => row.info.trace_id);
        for (const id of ids) {
          if (chosen.has(info.trace_id)) next.delete(id);
          else next.add(id);
        }
        before.current = index;
        choose(next);
      },
    }),
    [rows, chosen, choose],
  );
}

function Name({ row }: { row: TraceRow }) {
  const { id, name } = factsOf(row.info);
  return (
    <Link to="/traces/$traceId" params={{ traceId: id }} className={css.name}>
      <Cut text={name || id} />
    </Link>
  );
}
