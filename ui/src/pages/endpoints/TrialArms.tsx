import { toNumber } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { count, percent } from "~/shared/quantities";

import { ArmName } from "./ArmName";
import css from "./parts.module.css";
import type { Report } from "./queries";
import { Region } from "~/shared/Region";
import { Section } from "./Section";
import { Uri } from "./Uri";
import { figure, interval } from "./words";

/** The arms: what each serves, its share of the keys, its units, and its mean on the metric that decides. */
export function TrialArms({ told }: { told: Report }) {
  const { report } = told;
  const metric = report.trial.spec.stopping.metric;
  const figures = report.metrics[metric]?.arms ?? {};
  return (
    <Section title="Arms">
      <Region label="Arms, scrollable">
        <table>
          <thead>
            <tr>
              <th scope="col">Arm</th>
              <th scope="col">Serves</th>
              <th scope="col">Share</th>
              <th scope="col" className="number">
                Units
              </th>
              <th scope="col" className="number">
                Failed
              </th>
              <th scope="col" className="number">
                {metric}
              </th>
              <th scope="col" className="number">
                Interval
              </th>
            </tr>
          </thead>
          <tbody>
            {told.arms.map((arm, place) => {
              const found = figures[arm.name];
              return (
                <tr key={arm.name}>
                  <th scope="row" className={css.name}>
                    <ArmName name={arm.name} place={place} /> {arm.control && <Badge>control</Badge>}
                    {arm.removed && <Badge tone="bad">left</Badge>}
                  </th>
                  <td className={css.name}>
                    <Uri uri={arm.model} />
                  </td>
                  <td>
                    {percent(toNumber(arm.share))}
                    <span className={css.share} aria-hidden>
                      <span style={{ width: `${100 * toNumber(arm.share)}%` }} />
                    </span>
                  </td>
                  <td className="number">{count(report.units[arm.name])}</td>
                  <td className="number">{count(report.excluded[arm.name])}</td>
                  <td className="number">{figure(found?.mean, metric)}</td>
                  <td className="number">{interval(found?.low, found?.high, metric)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Region>
      {Object.entries(report.trial.removed ?? {}).map(([arm, why]) => (
        <p key={arm} className="small muted">
          <bdi>{arm}</bdi> left the trial: {why.said || "no reason was given"}
        </p>
      ))}
    </Section>
  );
}
