import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { CopyButton } from "~/shared/CopyButton";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Time } from "~/shared/Time";

import css from "./parts.module.css";
import { type Report, trialReport } from "./queries";
import { TrialActions } from "./TrialActions";
import { TrialArms } from "./TrialArms";
import { TrialDifferences } from "./TrialDifferences";
import { TrialGuardrails } from "./TrialGuardrails";
import { TrialHistory } from "./TrialHistory";
import { TrialPlan } from "./TrialPlan";
import { TrialRecord } from "./TrialRecord";
import { RatioWarning, TrialVerdict } from "./TrialVerdict";

const route = getRouteApi("/shell/trials/$trialId");

/** A trial: what is known of it, how that came, what can be done about it, and what was done. */
export function TrialPage() {
  const { trialId } = route.useParams();
  const found = useQuery(trialReport(trialId));
  if (found.data) return <Shown told={found.data} />;
  return (
    <Page title={trialId} kind="Trial">
      {found.isError ? (
        <Failure error={found.error} again={() => void found.refetch()} />
      ) : (
        <Loading what="the trial" />
      )}
    </Page>
  );
}

function Shown({ told }: { told: Report }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { trial } = told.report;
  const deciding = trial.spec.stopping.metric;
  const metric = search.metric !== undefined && search.metric in told.report.metrics ? search.metric : deciding;
  return (
    <Page
      title={trial.spec.name || `Trial on ${told.subject_name}`}
      kind="Trial"
      subtitle={<Subtitle told={told} />}
      actions={<TrialActions told={told} />}
    >
      <RatioWarning told={told} />
      <TrialVerdict told={told} />
      <TrialArms told={told} />
      <TrialHistory
        told={told}
        metric={metric}
        show={search.show ?? "difference"}
        choose={(chosen) =>
          void navigate({
            search: {
              ...(chosen.metric !== deciding && { metric: chosen.metric }),
              ...(chosen.show === "arms" && { show: "arms" }),
            },
          })
        }
      />
      <TrialDifferences told={told} />
      {told.subject_kind !== "shadow" && <TrialGuardrails told={told} />}
      <TrialPlan told={told} />
      <TrialRecord events={told.events} />
      <section aria-label="How to read this">
        <ul className={css.notes}>
          {told.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      </section>
    </Page>
  );
}

function Subtitle({ told }: { told: Report }) {
  const { trial } = told.report;
  return (
    <span>
      {told.subject_kind === "prompt" ? (
        <Link to="/prompts/$name" params={{ name: told.subject_name }}>
          prompt {told.subject_name}
        </Link>
      ) : (
        <Link to="/endpoints/$name" params={{ name: told.subject_name }}>
          endpoint {told.subject_name}
        </Link>
      )}
      {told.subject_kind === "shadow" && ", in its shadow"} · started <Time ms={trial.creation_time} /> by{" "}
      <bdi>{trial.created_by || "nobody known"}</bdi> · <span className="mono">{trial.trial_id}</span>
      <CopyButton text={trial.trial_id} what="trial id" />
    </span>
  );
}
