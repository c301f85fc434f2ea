import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { percent } from "~/shared/quantities";
import { Time } from "~/shared/Time";
import { toNumber } from "~/api/types";

import css from "./parts.module.css";
import { type Trial, trialReport, trialsOn } from "./queries";
import { Region } from "~/shared/Region";
import { Section } from "./Section";
import { Uri } from "./Uri";
import { toneOf } from "./words";

const SHOWN = 20;

/** The trials on an endpoint, newest first: what is under way, and what came of the others. */
export function EndpointTrials({ name }: { name: string }) {
  return (
    <Section title="Trials">
      <Trials subject={`endpoint:${name}`} none="No trial was started on this endpoint yet." />
    </Section>
  );
}

/** A challenger in the shadow of what serves, and what its comparisons say. */
export function ShadowTrials({ name, shadow }: { name: string; shadow: Schemas["Shadow"] }) {
  return (
    <Section title={`In the shadow: ${shadow.name}`}>
      <p className="small muted">
        <Uri uri={shadow.model} /> is asked {percent(toNumber(shadow.sample ?? 1), 0)} of what is asked, after callers
        have their answers.
      </p>
      <Trials
        subject={`shadow:${name}/${shadow.name}`}
        none="Nothing was compared yet: that begins with the first requests that a server answers."
      />
    </Section>
  );
}

function Trials({ subject, none }: { subject: string; none: string }) {
  const found = useQuery(trialsOn(subject));
  if (found.isPending) return <Loading what="the trials" />;
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  const trials = found.data.trials ?? [];
  if (trials.length === 0) return <p className="muted">{none}</p>;
  return (
    <>
      <Region label="Trials, scrollable">
        <table>
          <thead>
            <tr>
              <th scope="col">Trial</th>
              <th scope="col">State</th>
              <th scope="col">What is known</th>
              <th scope="col">Started</th>
            </tr>
          </thead>
          <tbody>
            {trials.slice(0, SHOWN).map((trial) => (
              <Line key={trial.trial_id} trial={trial} />
            ))}
          </tbody>
        </table>
      </Region>
      {trials.length > SHOWN && <p className="small muted">And {trials.length - SHOWN} older ones.</p>}
    </>
  );
}

function Line({ trial }: { trial: Trial }) {
  const state = trial.state ?? "running";
  const { spec } = trial;
  return (
    <tr>
      <th scope="row" className={css.name}>
        <Link to="/trials/$trialId" params={{ trialId: trial.trial_id }}>
          {spec.name || spec.arms.map((arm) => arm.name).join(" or ")}
        </Link>
        {spec.namespace && <div className="small muted">in {spec.namespace}</div>}
      </th>
      <td>
        <Badge tone={toneOf(state)}>{state}</Badge>
      </td>
      <td className={css.said}>
        {state === "ended" ? (
          (trial.decision?.said ?? "It ended.") || "It was stopped without a reason."
        ) : (
          <Known trial={trial} />
        )}
      </td>
      <td>
        <Time ms={trial.creation_time} /> <Cut text={trial.created_by ? `by ${trial.created_by}` : ""} />
      </td>
    </tr>
  );
}

function Known({ trial }: { trial: Trial }) {
  const found = useQuery(trialReport(trial.trial_id));
  return <>{found.data?.report.sentence ?? "…"}</>;
}
