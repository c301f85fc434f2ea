import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import buttonCss from "~/shared/Button.module.css";
import { Code } from "~/shared/Code";
import { Comments } from "~/shared/Comments";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { number } from "~/shared/quantities";
import { Tabs } from "~/shared/Tabs";

import { comparisonQuery, type Run, runQuery } from "./queries";
import { Artifacts } from "./run/Artifacts";
import { Children } from "./run/Children";
import { Facts } from "./run/Facts";
import { Inputs } from "./run/Inputs";
import { MetricCharts } from "./run/MetricCharts";
import { RunActions } from "./run/RunActions";
import type { RunSearch, Tab } from "./run/search";
import { Tags } from "./run/Tags";
import { Values } from "./run/Values";

const route = getRouteApi("/shell/runs/$runId");
const TABS = [
  { value: "overview", label: "Overview" },
  { value: "charts", label: "Charts" },
  { value: "artifacts", label: "Artifacts" },
  { value: "tags", label: "Tags" },
] as const;

/** One run: what was logged to it, what it read and made, what it cost. */
export function RunPage() {
  const { runId } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/runs/$runId" });
  const run = useQuery(runQuery(runId));
  const compared = useQuery(comparisonQuery([runId]));
  const facts = compared.data?.facts?.find((found) => found.run_id === runId);
  if (run.error) {
    return (
      <Page title={runId} kind="Run">
        <Failure error={run.error} again={() => void run.refetch()} />
      </Page>
    );
  }
  if (!run.data) return <Loading what="the run" />;
  const change = (next: RunSearch, replace = false) => void navigate({ search: next, replace });
  const tab = search.tab ?? "overview";
  return (
    <Page
      title={run.data.info.run_name || runId}
      kind="Run"
      actions={
        <>
          <Link
            to="/traces"
            search={{ run: runId, experiments: [run.data.info.experiment_id] }}
            className={buttonCss.button}
          >
            Traces
          </Link>
          <RunActions run={run.data} />
        </>
      }
    >
      <Facts run={run.data} facts={facts} coming={compared.isPending} />
      <Tabs
        label="Parts of the run"
        tabs={TABS}
        value={tab}
        choose={(next: Tab) => change(next === "overview" ? {} : { tab: next })}
      />
      {tab === "overview" && <Overview run={run.data} />}
      {tab === "charts" && <MetricCharts run={run.data} />}
      {tab === "artifacts" && (
        <Artifacts run={run.data} file={search.file} choose={(file) => change({ tab: "artifacts", file }, true)} />
      )}
      {tab === "tags" && <Tags run={run.data} />}
    </Page>
  );
}

function Overview({ run }: { run: Run }) {
  const metrics = (run.data?.metrics ?? []).map(({ key, value }) => ({ key, value: number(toNumber(value)) }));
  return (
    <>
      <Children run={run} />
      <div className="cards">
        <Values title="Metrics" none="No metric was logged." items={metrics} />
        <Values title="Params" none="No param was logged." items={run.data?.params ?? []} />
      </div>
      <Inputs run={run} />
      <section className="card stack" aria-label="In Python">
        <h2>In Python</h2>
        <Code text={`run = quire.get_run("${run.info.run_id}")`} />
      </section>
      <Comments subject="run" id={run.info.run_id} />
    </>
  );
}
