import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count } from "~/shared/quantities";
import { given } from "~/shared/search";
import { type Column, VirtualTable } from "~/shared/table/VirtualTable";

import type { Evaluation, RowSummary } from "./queries";
import { evaluationRoute } from "./routes";
import { RowFilter } from "./RowFilter";
import css from "./Rows.module.css";
import { useRows } from "./useRows";

/** The rows of an evaluation, first those on which the two variants disagree most. */
export function Rows({ evaluation, compares }: { evaluation: Evaluation; compares: boolean }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const { total, row, seen, loaded, error, again } = useRows(evaluation.summary.run_id, compares);
  const a = search.a ?? evaluation.a ?? "";
  const b = search.b ?? evaluation.b ?? "";
  const columns = useMemo(() => columnsOf(evaluation, a, b, compares), [evaluation, a, b, compares]);
  return (
    <section className="stack" aria-labelledby="rows">
      <div className="row">
        <h2 id="rows" className="grow">
          Rows {loaded && <span className="muted small">{count(total)} shown</span>}
        </h2>
        <Link
          to="/review"
          search={given({
            from: evaluation.summary.run_id,
            a: search.with === undefined ? a || undefined : undefined,
            b: b || undefined,
            order: search.order,
            score: search.score,
            outcome: search.outcome,
            differing: compares && search.all !== true && search.outcome === undefined ? true : undefined,
            q: search.q,
          })}
        >
          Review by people
        </Link>
      </div>
      <RowFilter evaluation={evaluation} compares={compares} />
      {error && <Failure error={error} again={() => void again()} />}
      {!loaded && !error && <Loading what="rows" />}
      {loaded && total === 0 && <p className="muted">No row is like that. Change the filter above.</p>}
      {total > 0 && (
        <div className={css.table}>
          <VirtualTable
            label="Rows"
            columns={columns}
            total={total}
            row={row}
            seen={seen}
            open={(_row, at) => void navigate({ search: (old) => ({ ...old, at }) })}
          />
        </div>
      )}
    </section>
  );
}

const NARROW = 110;

function columnsOf(evaluation: Evaluation, a: string, b: string, compares: boolean): Column<RowSummary>[] {
  const scores = evaluation.scores.filter(({ name, means }) => means.length > 0 && !MEASURED.has(name));
  const shown = [...scores.filter((score) => score.primary), ...scores.filter((score) => !score.primary)].slice(0, 3);
  const said = (side: "a" | "b", title: string): Column<RowSummary> => ({
    id: side,
    title: <Cut text={title} />,
    width: 240,
    cell: (row) => <Cut text={row[side]?.shown ?? ""} />,
  });
  const scored = shown.map(({ name }): Column<RowSummary> => ({
    id: `score ${name}`,
    title: <Cut text={name} />,
    width: NARROW,
    cell: (row) =>
      compares ? `${row.a?.scores[name] ?? "–"} → ${row.b.scores[name] ?? "–"}` : (row.b.scores[name] ?? "–"),
  }));
  return [
    { id: "index", title: "#", width: 56, isNumber: true, cell: (row) => count(row.index + 1) },
    { id: "inputs", title: "Inputs", width: 260, cell: (row) => <Cut text={row.inputs} /> },
    ...scored,
    ...(compares ? [said("a", a)] : []),
    said("b", b),
    { id: "expected", title: "Expected", width: 160, cell: (row) => <Cut text={row.expectations} /> },
  ];
}

/** What is measured of every answer has no column of its own here. */
const MEASURED = new Set(["latency_s", "cost_usd", "input_tokens", "output_tokens", "tokens"]);
