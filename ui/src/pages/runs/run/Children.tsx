import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api } from "~/api/client";
import { StatusBadge } from "~/shared/Badge";
import { Loading } from "~/shared/Loading";
import { count, duration } from "~/shared/quantities";

import { keyed, quoted } from "../search";
import type { Run } from "../queries";
import css from "./Facts.module.css";

const MOST = 50;
const PARENT = "tags.mlflow.parentRunId";

/** The runs inside of a run. */
export function Children({ run }: { run: Run }) {
  const { run_id, experiment_id } = run.info;
  const filter = `tags.${quoted(keyed(PARENT)?.key ?? "")} = '${run_id}'`;
  const found = useQuery({
    queryKey: ["runs", "children", run_id],
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/runs/rows", { body: { experiment_ids: [experiment_id], filter, limit: MOST }, signal }),
  });
  if (found.isPending) return <Loading what="runs inside" />;
  const rows = found.data?.rows ?? [];
  if (rows.length === 0) return null;
  return (
    <section className="card stack" aria-label="Runs inside">
      <div className="row">
        <h2 className="grow">
          Runs inside <span className="muted small">{count(rows.length)}</span>
        </h2>
        <Link to="/runs" search={{ experiments: [experiment_id], filter }}>
          In the table
        </Link>
        <Link to="/compare" search={{ runs: rows.slice(0, MOST).map((row) => row.run_id) }}>
          Compare
        </Link>
      </div>
      <ul className={css.list}>
        {rows.map((row) => (
          <li key={row.run_id} className="row">
            <Link to="/runs/$runId" params={{ runId: row.run_id }}>
              {row.run_name}
            </Link>
            <StatusBadge status={row.status} />
            <span className="muted small">
              {duration(row.end_time == null ? undefined : row.end_time - row.start_time)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
