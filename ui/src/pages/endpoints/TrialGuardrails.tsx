import { toNumber } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { number } from "~/shared/quantities";

import { ArmName } from "./ArmName";
import css from "./parts.module.css";
import type { Report } from "./queries";
import { Region } from "~/shared/Region";
import { Section } from "./Section";
import { evidence, signed, toneOf } from "./words";

/** What no arm may spoil, and whether each challenger keeps to it. */
export function TrialGuardrails({ told }: { told: Report }) {
  const { guardrails } = told.report;
  const places = new Map(told.arms.map((arm, place) => [arm.name, place]));
  return (
    <Section title="Guardrails">
      {guardrails.length === 0 ? (
        <p className="muted">This trial has none: no arm leaves it by itself.</p>
      ) : (
        <Region label="Guardrails, scrollable">
          <table>
            <thead>
              <tr>
                <th scope="col">Guardrail</th>
                <th scope="col">Arm</th>
                <th scope="col" className="number">
                  Now
                </th>
                <th scope="col" className="number">
                  Allowed
                </th>
                <th scope="col" className="number">
                  e of harm
                </th>
                <th scope="col" className="number">
                  Needed
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {guardrails.map((guard) => (
                <tr key={`${guard.metric} ${guard.arm}`}>
                  <th scope="row" className={css.name}>
                    {guard.metric}
                  </th>
                  <td className={css.name}>
                    <ArmName name={guard.arm} place={places.get(guard.arm) ?? 0} />
                  </td>
                  <td className="number">
                    {guard.kind === "ratio" ? times(guard.estimate) : signed(guard.estimate, guard.metric)}
                  </td>
                  <td className="number">
                    {guard.kind === "ratio" ? times(guard.margin) : `${number(toNumber(guard.margin))} worse`}
                  </td>
                  <td className="number">{evidence(guard.e_value)}</td>
                  <td className="number">{evidence(guard.needed)}</td>
                  <td>
                    <Badge tone={toneOf(guard.verdict)}>{guard.verdict}</Badge>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Region>
      )}
    </Section>
  );
}

function times(value: string | number): string {
  const found = toNumber(value);
  return Number.isNaN(found) ? "–" : `${number(found)} times`;
}
