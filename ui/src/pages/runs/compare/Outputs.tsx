import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { count } from "~/shared/quantities";
import { type Column, VirtualTable } from "~/shared/table/VirtualTable";

import css from "./Compare.module.css";
import { pairOf, type Side } from "./evaluations";

type Row = Schemas["RowSummary"];
const PAGE = 100;

/** The answers of two evaluated runs beside each other, first the records on which they disagree most. */
export function Outputs({ a, b, names }: { a: Side; b: Side; names: [string, string] }) {
  const { run_id, query } = pairOf(a, b);
  const [range, setRange] = useState<[number, number]>([0, 0]);
  const [from, to] = range;
  const page = (offset: number) => ({
    queryKey: ["evaluations", run_id, "rows", query, offset],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.GET("/api/quire/v1/evaluations/{run_id}/rows", {
        params: { path: { run_id }, query: { ...query, offset, limit: PAGE } },
        signal,
      }),
    staleTime: 60_000,
  });
  const first = useQuery({ ...page(0), placeholderData: keepPreviousData });
  const pages: number[] = [];
  for (let at = Math.max(1, Math.floor(from / PAGE)); at <= Math.floor(to / PAGE); at += 1) pages.push(at);
  const others = useQueries({ queries: pages.map((at) => page(at * PAGE)) });
  const loaded = new Map(pages.map((at, index) => [at, others[index]?.data?.rows]));
  const row = (index: number): Row | undefined =>
    index < PAGE ? first.data?.rows[index] : loaded.get(Math.floor(index / PAGE))?.[index % PAGE];
  const seen = useCallback((low: number, high: number) => setRange([low, high]), [setRange]);
  const [nameA, nameB] = names;
  const columns = useMemo(() => columnsOf(nameA, nameB), [nameA, nameB]);
  if (first.error) return <Failure error={first.error} again={() => void first.refetch()} />;
  return (
    <>
      <p className="muted small">
        {count(first.data?.total)} records, those on which the two disagree most first.{" "}
        <Link
          to="/evaluations/$runId"
          params={{ runId: b.evaluation }}
          search={{
            ...(a.variant && { a: a.variant }),
            ...(b.variant && { b: b.variant }),
            ...(a.evaluation !== b.evaluation && { with: a.evaluation }),
          }}
        >
          Read and rate them in the evaluation
        </Link>
      </p>
      <div className={css.rows}>
        <VirtualTable label="Outputs" columns={columns} total={first.data?.total ?? 0} row={row} seen={seen} />
      </div>
    </>
  );
}

function columnsOf(a: string, b: string): Column<Row>[] {
  const scores = (found: Record<string, string> | undefined) =>
    Object.entries(found ?? {})
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  return [
    { id: "record", title: "#", width: 64, isNumber: true, cell: (row) => count(row.index + 1) },
    { id: "inputs", title: "Inputs", width: 240, cell: (row) => <Cut text={row.inputs} /> },
    { id: "expected", title: "Expected", width: 140, cell: (row) => <Cut text={row.expectations} /> },
    { id: "a", title: <Cut text={a} />, width: 240, cell: (row) => <Cut text={row.a?.shown ?? "–"} /> },
    { id: "scores-a", title: "Scores", width: 150, cell: (row) => <Cut text={scores(row.a?.scores)} /> },
    { id: "b", title: <Cut text={b} />, width: 240, cell: (row) => <Cut text={row.b.shown} /> },
    { id: "scores-b", title: "Scores", width: 150, cell: (row) => <Cut text={scores(row.b.scores)} /> },
  ];
}
