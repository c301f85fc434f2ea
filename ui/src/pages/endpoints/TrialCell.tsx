import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";

import css from "./parts.module.css";
import { trialReport } from "./queries";
import { toneOf } from "./words";

type OpenTrial = Schemas["OpenTrial"];

/** The trial that is under way on an endpoint, on one line; a shadow's where there is no other. */
export function TrialCell({ trials }: { trials: OpenTrial[] }) {
  const chosen = trials.find(({ shadow }) => !shadow) ?? trials[0];
  if (chosen === undefined) return <span className="muted">none</span>;
  return (
    <span className={css.inline}>
      <State trial={chosen} />
      <TrialLink trial={chosen} cut />
      {trials.length > 1 && <span className="muted">+ {trials.length - 1}</span>}
    </span>
  );
}

/** All trials that are under way on an endpoint, each with what is known of it. */
export function TrialLines({ trials }: { trials: OpenTrial[] }) {
  if (trials.length === 0) return <span className="muted">none</span>;
  return trials.map((trial) => (
    <div key={trial.trial_id}>
      <State trial={trial} /> <TrialLink trial={trial} />
      {trial.namespace != null && <span className="muted"> in {trial.namespace}</span>}
    </div>
  ));
}

function State({ trial }: { trial: OpenTrial }) {
  return <Badge tone={toneOf(trial.state)}>{trial.shadow ? `shadow ${trial.shadow}` : trial.state}</Badge>;
}

function TrialLink({ trial, cut = false }: { trial: OpenTrial; cut?: boolean }) {
  const found = useQuery(trialReport(trial.trial_id));
  const words = found.data?.report.sentence ?? (trial.name || trial.trial_id);
  return (
    <Link to="/trials/$trialId" params={{ trialId: trial.trial_id }}>
      {cut ? <Cut text={words} /> : words}
    </Link>
  );
}
