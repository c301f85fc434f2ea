import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { api } from "~/api/client";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count } from "~/shared/quantities";

import { type Change, columnsOf, keyed, type Keys, type RunsSearch, type View } from "../search";
import type { Question } from "../useRunRows";
import { ChartsView } from "./ChartsView";
import { ParallelView } from "./ParallelView";
import css from "./Pictures.module.css";
import { ScatterView } from "./ScatterView";
import type { Table } from "./table";

type Props = {
  view: View;
  search: RunsSearch;
  change: (next: Change, replace?: boolean) => void;
  question: Question;
  selected: ReadonlySet<string>;
  keys: Keys | undefined;
};

/** So many runs are drawn as points and lines; of more the first by the table's order. */
const MOST_DRAWN = 1000;

/** The selected runs as pictures; without a selection the first of the table. */
export function Pictures({ view, search, change, question, selected, keys }: Props) {
  const columns = useMemo(() => {
    const chosen = columnsOf(search.columns ? { columns: search.columns } : {}, keys).filter((id) => keyed(id));
    const axes = [search.x, search.y].filter(
      (id) => id !== undefined && keyed(id) !== undefined && !chosen.includes(id),
    );
    return [...chosen, ...axes.filter((id) => id !== undefined)];
  }, [search.columns, search.x, search.y, keys]);
  const ids = useMemo(() => [...selected].slice(0, MOST_DRAWN), [selected]);
  const asked = useMemo(
    () =>
      ids.length === 0
        ? question
        : { ...question, filter: `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(", ")})` },
    [ids, question],
  );
  const rows = useQuery({
    queryKey: ["runs", "drawn", asked, columns],
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/runs/rows", { body: { ...asked, columns, limit: MOST_DRAWN }, signal }),
  });
  const table = useMemo<Table>(() => ({ columns, rows: rows.data?.rows ?? [] }), [columns, rows.data]);
  if (rows.error) return <Failure error={rows.error} again={() => void rows.refetch()} />;
  if (!rows.data) return <Loading what="runs" />;
  const isAll = rows.data.total != null;
  return (
    <div className={css.pictures}>
      <p className="muted small">
        {ids.length > 0
          ? `The ${count(table.rows.length)} selected runs.`
          : isAll
            ? `All ${count(table.rows.length)} runs of the table.`
            : `The first ${count(table.rows.length)} runs of the table; select some, filter or order to see others.`}
      </p>
      {view === "charts" && <ChartsView table={table} search={search} change={change} keys={keys} />}
      {view === "parallel" && <ParallelView table={table} />}
      {view === "scatter" && <ScatterView table={table} search={search} change={change} keys={keys} />}
    </div>
  );
}
