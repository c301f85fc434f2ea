import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { api, ApiError } from "~/api/client";
import { Empty } from "~/shared/Empty";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { count } from "~/shared/quantities";
import { type Marks, VirtualTable } from "~/shared/table/VirtualTable";
import { Tabs } from "~/shared/Tabs";
import { useToast } from "~/shared/Toasts";
import { Select } from "~/shared/Select";

import { ColumnPicker } from "./ColumnPicker";
import { tableColumns } from "./columns";
import { ExperimentPicker } from "./ExperimentPicker";
import { FilterBox } from "./FilterBox";
import { type Change, changed, columnsOf, keyed, orderBy, type RunsSearch, type View } from "./search";
import { SelectionBar } from "./SelectionBar";
import { type Question, type RunRow, useRunRows } from "./useRunRows";
import { useSelection } from "./useSelection";
import { Pictures } from "./views/Pictures";

const route = getRouteApi("/shell/runs");
const TABS = [
  { value: "table", label: "Table" },
  { value: "charts", label: "Charts" },
  { value: "parallel", label: "Parallel" },
  { value: "scatter", label: "Scatter" },
] as const;
const NONE: string[] = [];

/** Runs as a table, and as pictures of those selected. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/runs" });
  const say = useToast();
  const change = useCallback(
    (next: Change, replace = false) =>
      void navigate({ search: (now) => changed(now, next), replace, resetScroll: false }),
    [navigate],
  );
  const experiments = useExperiments();
  const question = useQuestion(
    search,
    experiments.data?.map((item) => item.experiment_id),
  );
  const { columns: shown, sort, asc } = search;
  const keys = useQuery({
    queryKey: ["runs", "columns", question.experiment_ids],
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/runs/columns", { body: { experiment_ids: question.experiment_ids }, signal }),
    placeholderData: keepPreviousData,
    enabled: experiments.isSuccess,
  });
  const chosen = useMemo(() => columnsOf(shown ? { columns: shown } : {}, keys.data), [shown, keys.data]);
  const asked = useMemo(() => chosen.filter((column) => keyed(column)), [chosen]);
  const rows = useRunRows(question, asked, experiments.isSuccess && keys.isSuccess);
  const selection = useSelection(search.select ?? NONE, question, rows.order);
  const names = useMemo(
    () => new Map(experiments.data?.map((item) => [item.experiment_id, item.name])),
    [experiments.data],
  );
  const columns = useMemo(
    () =>
      tableColumns({
        sorted: { ...(sort !== undefined && { sort }), ...(asc && { asc }) },
        chosen,
        asked,
        experiments: names,
        order: (next) => change({ sort: undefined, asc: undefined, ...next }),
      }),
    [sort, asc, chosen, asked, names, change],
  );
  const { ids, toggle } = selection;
  const marks = useMemo<Marks<RunRow>>(
    () => ({
      has: (row) => ids.has(row.run_id),
      toggle: (row, index, through) =>
        void toggle(row.run_id, index, through).then((left) => {
          if (left > 0) say(`${count(left)} runs of the range are too many and were left out`);
        }),
      name: (row) => `Select ${row.run_name}`,
    }),
    [ids, toggle, say],
  );
  const open = useCallback(
    (row: RunRow) => void navigate({ to: "/runs/$runId", params: { runId: row.run_id } }),
    [navigate],
  );
  const refused = rows.error instanceof ApiError && rows.error.status === 400 ? rows.error.message : undefined;
  const view = search.view ?? "table";
  const isEmpty = rows.first.isSuccess && !rows.first.isPlaceholderData && rows.total === 0 && !rows.error;
  return (
    <Page
      title="Runs"
      fills={view === "table"}
      subtitle={
        <span aria-live="polite">
          {rows.first.isSuccess
            ? `${count(rows.total)}${rows.isCounted ? "" : " or more"} ${search.deleted ? "deleted " : ""}runs`
            : "\u00a0"}
        </span>
      }
      actions={
        <>
          <ExperimentPicker
            experiments={experiments.data ?? []}
            error={experiments.error}
            chosen={search.experiments ?? NONE}
            choose={(chosenIds) =>
              change({ experiments: chosenIds.length > 0 ? chosenIds : undefined, columns: undefined })
            }
          />
          <ColumnPicker keys={keys.data} chosen={chosen} choose={(next) => change({ columns: next }, true)} />
          <Select
            aria-label="Which runs"
            value={search.deleted ? "deleted" : "active"}
            onChange={(event) => change({ deleted: event.target.value === "deleted" || undefined })}
          >
            <option value="active">Active</option>
            <option value="deleted">Deleted</option>
          </Select>
        </>
      }
    >
      <FilterBox
        filter={search.filter ?? ""}
        apply={(filter) => change({ filter: filter || undefined }, true)}
        error={refused}
      />
      <div className="row">
        <Tabs
          label="View"
          tabs={TABS}
          value={view}
          choose={(next: View) => change({ view: next === "table" ? undefined : next })}
        />
        <SelectionBar selection={selection} deleted={search.deleted === true} changed={rows.changed} />
      </div>
      {experiments.error && <Failure error={experiments.error} again={() => void experiments.refetch()} />}
      {rows.error && refused === undefined && <Failure error={rows.error} again={() => void rows.changed()} />}
      {isEmpty ? (
        <NoRuns filtered={search.filter !== undefined} deleted={search.deleted === true} />
      ) : !shown && keys.isPending && !experiments.error ? (
        <Loading what="runs" />
      ) : view === "table" ? (
        <VirtualTable
          label="Runs"
          columns={columns}
          total={rows.total}
          row={rows.row}
          seen={rows.seen}
          open={open}
          marks={marks}
          about={question}
        />
      ) : (
        <Pictures view={view} search={search} change={change} question={question} selected={ids} keys={keys.data} />
      )}
    </Page>
  );
}

function useQuestion(search: RunsSearch, every: string[] | undefined): Question {
  const ids = (search.experiments ?? every ?? NONE).join();
  const order = orderBy(search).join();
  const { filter = "", deleted = false } = search;
  return useMemo(
    () => ({
      experiment_ids: ids ? ids.split(",") : [],
      filter,
      order_by: order ? [order] : [],
      run_view_type: deleted ? "DELETED_ONLY" : "ACTIVE_ONLY",
    }),
    [ids, filter, order, deleted],
  );
}

function NoRuns({ filtered, deleted }: { filtered: boolean; deleted: boolean }) {
  if (filtered) return <Empty title="No run matches">Change the filter, or choose other experiments.</Empty>;
  if (deleted) return <Empty title="No run is deleted" />;
  return (
    <Empty
      title="No runs yet"
      command="python -c 'import quire; quire.start_run().log_metric(&quot;accuracy&quot;, 0.9)'"
    >
      A run is one try of something: its params, metrics, artifacts and traces.
    </Empty>
  );
}
