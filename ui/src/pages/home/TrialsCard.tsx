import { Link } from "@tanstack/react-router";

import { Badge, StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";

/** Trials that run, or ended since: what is known of each, in the words of its report. */
export function TrialsCard({ trials }: { trials: Changes["trials"] }) {
  return (
    <HomeCard title="Trials" nothing="No trial runs." all={<Link to="/endpoints">Endpoints and trials</Link>}>
      {trials.length > 0 && (
        <ul className={css.lines}>
          {trials.map((trial) => (
            <li key={trial.trial_id}>
              <p className={css.line}>
                <Link to="/trials/$trialId" params={{ trialId: trial.trial_id }}>
                  <Cut text={trial.name || trial.subject} />
                </Link>
                {trial.decision && <Badge tone={trial.decision === "won" ? "good" : "plain"}>{trial.decision}</Badge>}
                {(trial.harmed ?? []).length > 0 && <Badge tone="bad">guardrail violated</Badge>}
                <StatusBadge status={trial.state} />
              </p>
              <p className={`small ${css.reason}`} dir="auto">
                {trial.sentence}
              </p>
              <p className="small muted">
                {count(trial.units)} units; since <Time ms={trial.started} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  );
}
