import { toNumber } from "~/api/types";
import { duration, percent } from "~/shared/quantities";

import css from "./parts.module.css";
import type { Report } from "./queries";
import { Section } from "./Section";

const ALLOCATION = {
  fixed: "by fixed weights",
  thompson: "anew all the time, more to what does better (Thompson sampling)",
  "track-and-stop": "anew all the time, so that the best is found soonest (track and stop)",
} as const;

/** How keys come into the trial: shares, holdout, ramp, namespace. */
export function TrialPlan({ told }: { told: Report }) {
  const { spec } = told.report.trial;
  const elapsed = Math.max(0, told.report.at - (told.report.trial.phases[0]?.start_time ?? told.report.at));
  const state = told.report.trial.state ?? "running";
  const phases = told.report.trial.phases.length;
  return (
    <Section title="Who takes part">
      <dl className={css.facts}>
        <dt>Enter now</dt>
        <dd>
          {state === "running" || state === "deciding"
            ? `${percent(toNumber(told.entering))} of the keys`
            : `nobody: the trial ${state === "paused" ? "is paused" : "has ended"}`}
        </dd>
        <dt>Traffic</dt>
        <dd>
          is shared out {ALLOCATION[spec.allocation?.kind ?? "fixed"]}
          {phases > 1 && `; shares changed ${phases - 1} times`}
        </dd>
        {spec.namespace && (
          <>
            <dt>Namespace</dt>
            <dd>{spec.namespace}</dd>
          </>
        )}
        {toNumber(spec.holdout ?? 0) > 0 && (
          <>
            <dt>Held out</dt>
            <dd>{percent(toNumber(spec.holdout))} of the keys stay with the control for good</dd>
          </>
        )}
        {(spec.ramp ?? []).length > 0 && (
          <>
            <dt>Ramp</dt>
            <dd>
              <ol className={css.record}>
                {(spec.ramp ?? []).map((step) => {
                  const after = 1000 * toNumber(step.after_s);
                  return (
                    <li key={after}>
                      {percent(toNumber(step.share), 0)} from {after === 0 ? "the start" : duration(after)} on{" "}
                      <span className="muted small">{after <= elapsed ? "has come" : "to come"}</span>
                    </li>
                  );
                })}
              </ol>
            </dd>
          </>
        )}
      </dl>
    </Section>
  );
}
