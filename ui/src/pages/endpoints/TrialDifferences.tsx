import { Badge } from "~/shared/Badge";
import { count } from "~/shared/quantities";

import { ArmName } from "./ArmName";
import css from "./parts.module.css";
import type { Report } from "./queries";
import { Region } from "~/shared/Region";
import { Section } from "./Section";
import { evidence, interval, signed, toneOf } from "./words";

/** Every metric of every challenger against the control, the metric that decides first. */
export function TrialDifferences({ told }: { told: Report }) {
  const metrics = Object.values(told.report.metrics).toSorted(
    (one, other) => Number(other.decides) - Number(one.decides),
  );
  const places = new Map(told.arms.map((arm, place) => [arm.name, place]));
  return (
    <Section title={`Against ${told.report.trial.spec.arms[0]?.name ?? "the control"}`}>
      <Region label="Differences, scrollable">
        <table>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Arm</th>
              <th scope="col" className="number">
                Units
              </th>
              <th scope="col" className="number">
                Difference
              </th>
              <th scope="col" className="number">
                Interval
              </th>
              <th scope="col" className="number" title="Evidence that there is a difference: 1 is none.">
                e
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {metrics.flatMap((metric) =>
              Object.entries(metric.differences).map(([arm, found]) => (
                <tr key={`${metric.name} ${arm}`}>
                  <th scope="row" className={css.name}>
                    {metric.name} {metric.decides && <Badge tone="accent">decides</Badge>}
                    <div className="small muted">{metric.higher_is_better ? "higher" : "lower"} is better</div>
                  </th>
                  <td className={css.name}>
                    <ArmName name={arm} place={places.get(arm) ?? 0} />
                  </td>
                  <td className="number">{count(found.n)}</td>
                  <td className="number">{signed(found.difference, metric.name)}</td>
                  <td className="number">{interval(found.low, found.high, metric.name, true)}</td>
                  <td className="number">{evidence(found.e_value)}</td>
                  <td>
                    <Badge tone={toneOf(found.verdict)}>{found.verdict}</Badge>
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </Region>
      <p className="small muted">A verdict needs e = {evidence(told.needed)} or more; e = 1 is no evidence at all.</p>
    </Section>
  );
}
