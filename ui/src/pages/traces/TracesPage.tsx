import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";

import type { Experiment } from "~/api/types";
import { useExperiments } from "~/shared/experiments";
import { Button } from "~/shared/Button";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";

import { Downloads } from "./Downloads";
import { Filters } from "./Filters";
import { OverTime } from "./OverTime";
import { filterOf, isNarrowed, orderOf, timeOf, type TracesSearch, within } from "./search";
import { Selected } from "./Selected";
import { Total } from "./Total";
import { TracesTable } from "./TracesTable";
import { useSeries } from "./useSeries";
import { useAnew, useTraces } from "./useTraces";

const NONE: Experiment[] = [];
const NO_IDS: ReadonlySet<string> = new Set();

/** Traces: found by the grammar, over time, as they come. */
export function TracesPage() {
  const search = useSearch({ from: "/shell/traces" });
  const navigate = useNavigate({ from: "/traces" });
  const change = useCallback(
    (changed: TracesSearch) => void navigate({ search: (now) => ({ ...now, ...changed }) }),
    [navigate],
  );
  const { data: all = NONE, isPending: loading, error } = useExperiments();
  const [now, setNow] = useState(() => Date.now());
  const asked = useMemo(() => {
    const time = timeOf(search, now);
    const filter = filterOf(search);
    const experiments = search.experiments ?? all.map((item) => item.experiment_id);
    return { experiments, filter: within(filter, time), order: orderOf(search), time, own: filter };
  }, [search, all, now]);
  const byTime = asked.order.length === 0;
  const live = (search.live ?? false) && byTime;
  const found = useTraces(asked, live);
  const series = useSeries(asked.experiments, asked.own, asked.time, live);
  const [chosen, setChosen] = useState(NO_IDS);
  const anew = useAnew();
  const refresh = () => {
    setNow(Date.now());
    anew();
    void found.refetch().then(found.forget);
  };
  const failure = error ?? found.error;
  // The picture is above: what says that there is nothing waits for it, so that it need not move.
  const coming = loading || found.loading || (series.data === undefined && series.isFetching);
  return (
    <Page
      title="Traces"
      fills
      subtitle={<Total loaded={found.rows.length} more={found.hasNextPage} counted={series.data} />}
      actions={
        <>
          <Button
            aria-pressed={live}
            look={live ? "primary" : "plain"}
            disabled={!byTime}
            title={byTime ? "New traces appear at the top" : "Sort by time, newest first, to watch new traces"}
            onClick={() => change({ live: live ? undefined : true })}
          >
            {live ? "Watching" : "Watch new traces"}
          </Button>
          <Button onClick={refresh}>Refresh</Button>
          {(loading || asked.experiments.length > 0) && (
            <Downloads label="Download all found" experiments={asked.experiments} filter={asked.filter} />
          )}
        </>
      }
    >
      <Filters search={search} change={change} experiments={all} />
      {failure !== null && <Failure error={failure} again={refresh} />}
      {failure === null && (
        <OverTime
          series={series}
          chart={search.chart ?? "count"}
          change={change}
          narrowed={search.from !== undefined}
        />
      )}
      {chosen.size > 0 && <Selected chosen={chosen} rows={found.rows} clear={() => setChosen(NO_IDS)} />}
      {found.holed && (
        <p role="status" className="row small">
          Traces come faster than they are shown: some are left out here.
          <Button onClick={refresh}>Read the list anew</Button>
        </p>
      )}
      {failure === null && found.rows.length > 0 && (
        <TracesTable found={found} search={search} change={change} chosen={chosen} choose={setChosen} />
      )}
      {failure === null &&
        found.rows.length === 0 &&
        (coming ? <Loading what="traces" /> : <Nothing search={search} />)}
    </Page>
  );
}

function Nothing({ search }: { search: TracesSearch }) {
  if (isNarrowed(search)) {
    return <Empty title="No trace matches">Take a filter away, or look at a longer time.</Empty>;
  }
  return (
    <Empty title="No traces yet" command="import quire; quire.openai.autolog()">
      One line in your program, and every call of the OpenAI SDK is a trace here. Other programs send theirs by
      OpenTelemetry: OTLP over HTTP to this server, at <code>v1/traces</code>.
    </Empty>
  );
}
