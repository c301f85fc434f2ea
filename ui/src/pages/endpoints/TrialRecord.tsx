import { Badge, type Tone } from "~/shared/Badge";
import { Time } from "~/shared/Time";

import css from "./parts.module.css";
import type { TrialEvent } from "./queries";
import { Section } from "./Section";

const TONES: Partial<Record<TrialEvent["kind"], Tone>> = {
  started: "accent",
  promoted: "good",
  paused: "warn",
  "arm removed": "bad",
};

/** What became of the trial: when, by whom, and why; the newest first. */
export function TrialRecord({ events }: { events: TrialEvent[] }) {
  return (
    <Section title="Record">
      <ol className={css.record}>
        {events.toReversed().map((event, index) => (
          <li key={index}>
            <div className="row">
              <Badge tone={TONES[event.kind] ?? "plain"}>{event.kind}</Badge>
              {event.arm && (
                <strong className={css.name}>
                  <bdi>{event.arm}</bdi>
                </strong>
              )}
              <span className="small muted">
                <Time ms={event.at} /> by {event.by ? <bdi>{event.by}</bdi> : "the trial's own rule"}
              </span>
            </div>
            <p dir="auto" className={event.reason ? css.said : "muted small"}>
              {event.reason || "No reason was given."}
            </p>
          </li>
        ))}
      </ol>
    </Section>
  );
}
