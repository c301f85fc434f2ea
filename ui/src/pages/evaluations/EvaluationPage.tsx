import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { StatusBadge } from "~/shared/Badge";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { cost, count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import { Differences } from "./Differences";
import { Distribution } from "./Distribution";
import { Means } from "./Means";
import { PairChoice } from "./PairChoice";
import { People } from "./People";
import { Promote } from "./Promote";
import { comparisonQuery, type Evaluation, evaluationQuery } from "./queries";
import { RowReview } from "./RowReview";
import { Rows } from "./Rows";
import { Ranking } from "./Ranking";
import { evaluationRoute } from "./routes";
import { Verdict } from "./Verdict";

/** One evaluation: what it shows, how large the differences are, how scores are spread, and its rows. */
export function EvaluationPage() {
  const { runId } = evaluationRoute.useParams();
  const { data, error, refetch } = useQuery(evaluationQuery(runId));
  if (error && !data) {
    return (
      <Page title="Evaluation">
        <Failure error={error} again={() => void refetch()} />
      </Page>
    );
  }
  if (!data) return <Loading what="the evaluation" />;
  return (
    <Page
      kind="Evaluation"
      title={data.summary.name}
      subtitle={<Facts evaluation={data} />}
      actions={data.rows_ready === false ? undefined : <PairChoice evaluation={data} />}
    >
      {data.rows_ready === false ? <NotYet evaluation={data} /> : <Content evaluation={data} />}
    </Page>
  );
}

function Facts({ evaluation: { summary, repeats } }: { evaluation: Evaluation }) {
  return (
    <span className="row">
      <StatusBadge status={summary.status} />
      <span>
        {summary.dataset}, {count(summary.records)} records
        {repeats > 1 && `, ${repeats} answers to each`}
      </span>
      <Time ms={summary.started_ms} />
      {summary.cost_usd !== undefined && summary.cost_usd !== null && <span>{cost(Number(summary.cost_usd))}</span>}
      <Link to="/runs/$runId" params={{ runId: summary.run_id }}>
        Run
      </Link>
    </span>
  );
}

function NotYet({ evaluation: { summary, stopped } }: { evaluation: Evaluation }) {
  const runs = summary.status === "RUNNING";
  return (
    <Empty
      title={runs ? "Still running" : "No rows were kept"}
      {...(!runs && { command: `quire.evaluate(data, variants, scorers, resume="${summary.run_id}")` })}
    >
      {runs
        ? "Its verdict and its rows are here once it has ended; this page looks every few seconds."
        : (stopped ??
          "It ended before its rows were written. Go on with it: answers that are kept are not paid again.")}
    </Empty>
  );
}

function Content({ evaluation }: { evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const runId = evaluation.summary.run_id;
  const compares = evaluation.variants.length > 1 || search.with !== undefined;
  const { data, error, refetch } = useQuery({ ...comparisonQuery(runId, search), enabled: compares });
  if (search.at !== undefined) {
    return (
      <>
        {compares && !data && !error && <Loading what="the comparison" />}
        {data && <p dir="auto">{data.sentence}</p>}
        <RowReview evaluation={evaluation} at={search.at} compares={compares} />
      </>
    );
  }
  return (
    <>
      {error && <Failure error={error} again={() => void refetch()} />}
      {compares && !data && !error && <Loading what="the comparison" />}
      {data && <Verdict comparison={data} />}
      {data && search.with === undefined && <Promote evaluation={evaluation} comparison={data} />}
      {data && <Differences comparison={data} />}
      {evaluation.variants.length > 2 && search.with === undefined && <Ranking evaluation={evaluation} />}
      {!compares && <Means evaluation={evaluation} />}
      <Distribution evaluation={evaluation} />
      <People evaluation={evaluation} />
      <Rows evaluation={evaluation} compares={compares} />
    </>
  );
}
