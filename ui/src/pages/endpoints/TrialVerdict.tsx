import { toNumber } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { count, number } from "~/shared/quantities";

import css from "./parts.module.css";
import type { Report } from "./queries";
import { Uri } from "./Uri";
import { evidence, toneOf } from "./words";

/** What is known, in words; then the rule, what is left until its end, and what serves meanwhile. */
export function TrialVerdict({ told }: { told: Report }) {
  const { report, serving } = told;
  const state = report.trial.state ?? "running";
  const left = [
    report.units_left != null && `${count(report.units_left)} units`,
    report.days_left != null && `${number(Number(toNumber(report.days_left).toPrecision(3)))} days`,
  ].filter(Boolean);
  const won = report.decision?.kind === "won" && !report.ratio?.alarm;
  return (
    <section className={`${css.card} ${won ? css.won : ""}`} aria-label="Verdict">
      <div className="row">
        <Badge tone={toneOf(state)}>{state}</Badge>
        {won && <Badge tone="good">{report.decision?.winner} won</Badge>}
      </div>
      <p className={css.verdict} dir="auto">
        {report.sentence}
      </p>
      <p className="muted">{report.rule}</p>
      {state !== "ended" && left.length > 0 && <p className="small muted">Left: {left.join(" or ")}.</p>}
      <p className="small muted">
        {serving.alias ? (
          <>
            <Uri uri={serving.alias} /> is at {serving.version ? `version ${serving.version}` : "no version"} now.
          </>
        ) : (
          serving.why
        )}
      </p>
    </section>
  );
}

/** Says, where it is so, that units did not fall to the arms as they were shared out. */
export function RatioWarning({ told }: { told: Report }) {
  const { ratio } = told.report;
  if (!ratio?.alarm) return null;
  return (
    <section className={`${css.card} ${css.alarm}`} role="alert">
      <h2>Units are lost: the figures are not to be believed</h2>
      <p>
        Units did not fall to the arms as they were shared out (e {evidence(ratio.e_value).replace(/^(?!>)/, "= ")}).
        Something loses requests of one arm; find it first.
      </p>
      <dl className={css.facts}>
        {Object.entries(ratio.units).map(([arm, units]) => (
          <Lost key={arm} arm={arm} units={units} expected={toNumber(ratio.expected[arm])} />
        ))}
      </dl>
    </section>
  );
}

function Lost({ arm, units, expected }: { arm: string; units: number; expected: number }) {
  return (
    <>
      <dt>
        <bdi>{arm}</bdi>
      </dt>
      <dd>
        {count(units)} units, {count(expected)} expected
      </dd>
    </>
  );
}
