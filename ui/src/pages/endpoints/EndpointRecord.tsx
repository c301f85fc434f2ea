import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Badge, type Tone } from "~/shared/Badge";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Time } from "~/shared/Time";

import css from "./parts.module.css";
import { type EndpointEvent, endpointRecord } from "./queries";
import { Section } from "./Section";

const TONES: Record<EndpointEvent["kind"], Tone> = {
  created: "accent",
  changed: "plain",
  deleted: "bad",
  promoted: "good",
  "rolled back": "warn",
};

/** What was changed about an endpoint and the alias that it serves: when, by whom, why. */
export function EndpointRecord({ name }: { name: string }) {
  const found = useQuery(endpointRecord(name));
  const events = found.data?.events ?? [];
  return (
    <Section title="Record">
      {found.isPending && <Loading what="the record" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data && events.length === 0 && <p className="muted">No change was recorded yet.</p>}
      <ol className={css.record}>
        {events.map((event) => (
          <li key={`${event.at} ${event.kind} ${event.new ?? ""}`}>
            <div className="row">
              <Badge tone={TONES[event.kind]}>{event.kind}</Badge>
              {event.new != null && (
                <span>
                  version {event.old ?? "none"} → {event.new}
                </span>
              )}
              {event.forced && <Badge tone="warn">without evidence</Badge>}
              {(event.changed ?? []).length > 0 && <span className={css.name}>{event.changed?.join(", ")}</span>}
              {(event.evidence ?? []).map((one) => (
                <Evidence key={one} uri={one} />
              ))}
              <span className="small muted">
                <Time ms={event.at} /> by <bdi>{event.by || "the trial's own rule"}</bdi>
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

function Evidence({ uri }: { uri: string }) {
  if (uri.startsWith("trials:/")) {
    const trialId = uri.slice("trials:/".length);
    return (
      <Link to="/trials/$trialId" params={{ trialId }}>
        its trial
      </Link>
    );
  }
  return (
    <Link to="/evaluations/$runId" params={{ runId: uri }}>
      its evaluation
    </Link>
  );
}
