/** The columns of the table of runs. */
import { Link } from "@tanstack/react-router";

import { StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { duration, number } from "~/shared/quantities";
import type { Column } from "~/shared/table/VirtualTable";
import { Time } from "~/shared/Time";

import { isOrderable, keyed, nextOrder, type Order } from "./search";
import type { RunRow } from "./useRunRows";

const TITLES: Record<string, string> = {
  start_time: "Started",
  duration: "Took",
  status: "State",
  user_id: "User",
  experiment: "Experiment",
  run_id: "Id",
  run_name: "Run",
};
const WIDTHS: Record<string, number> = { run_name: 220, start_time: 130, duration: 110, status: 100, run_id: 260 };

/** What a column is called. */
export function titleOf(column: string): string {
  return TITLES[column] ?? keyed(column)?.key ?? column;
}

type Made = {
  sorted: Order;
  /** The chosen columns. */
  chosen: readonly string[];
  /** The columns whose values the rows have, in their order. */
  asked: readonly string[];
  experiments: ReadonlyMap<string, string>;
  order: (next: Order) => void;
};

/** The columns of the table: the run itself, then those that were chosen. */
export function tableColumns({ sorted: now, chosen, asked, experiments, order }: Made): Column<RunRow>[] {
  return ["run_name", ...chosen].map((id) => {
    const found = keyed(id);
    const place = asked.indexOf(id);
    const sorted = (now.sort ?? "start_time") === id ? (now.asc ? "asc" : "desc") : undefined;
    return {
      id,
      title: <Cut text={titleOf(id)} />,
      width: WIDTHS[id] ?? 120,
      isNumber: found?.kind === "metrics" || id === "duration",
      sorted: isOrderable(id) ? sorted : undefined,
      ...(isOrderable(id) && { sort: () => order(nextOrder(now, id)) }),
      cell: (row) => (found ? valueOf(row.values[place]) : attributeOf(id, row, experiments)),
    };
  });
}

function valueOf(value: number | string | null | undefined) {
  if (value === null || value === undefined) return <span className="muted">–</span>;
  if (typeof value === "number") return <span title={String(value)}>{number(value)}</span>;
  return <Cut text={value} />;
}

function attributeOf(id: string, row: RunRow, experiments: ReadonlyMap<string, string>) {
  switch (id) {
    case "run_name":
      return (
        <Link to="/runs/$runId" params={{ runId: row.run_id }}>
          <Cut text={row.run_name || row.run_id} />
        </Link>
      );
    case "start_time":
      return <Time ms={row.start_time} />;
    case "duration":
      return row.end_time == null ? <StatusBadge status={row.status} /> : duration(row.end_time - row.start_time);
    case "status":
      return <StatusBadge status={row.status} />;
    case "user_id":
      return <Cut text={row.user_id} />;
    case "experiment":
      return <Cut text={experiments.get(row.experiment_id) ?? row.experiment_id} />;
    case "run_id":
      return <Cut text={row.run_id} mono />;
    default:
      return null;
  }
}
