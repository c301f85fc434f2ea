import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Time } from "~/shared/Time";

import css from "./parts.module.css";
import type { Overview } from "./queries";
import { Section } from "./Section";
import { TrialLines } from "./TrialCell";
import { Uri } from "./Uri";

/** What answers now, what is tried meanwhile, and where it is deployed. */
export function EndpointServes({ overview }: { overview: Overview }) {
  const { endpoint, alias, version, registered_model: model = "", previous, trials = [], deployments = [] } = overview;
  return (
    <Section title="Serves">
      <dl className={css.facts}>
        <dt>Model</dt>
        <dd>
          <Uri uri={endpoint.model} />
        </dd>
        {alias && (
          <>
            <dt>Now</dt>
            <dd>
              {version == null ? (
                <Badge tone="bad">@{alias} is at no version: nothing can be served</Badge>
              ) : (
                <Link to="/models/$name/versions/$version" params={{ name: model, version }}>
                  version {version}
                </Link>
              )}
              {previous != null && <span className="muted">, before that version {previous}</span>}
            </dd>
          </>
        )}
        <dt>Tried</dt>
        <dd>
          <TrialLines trials={trials} />
        </dd>
        <dt>Deployed</dt>
        <dd>
          {deployments.length === 0 ? (
            <span className="muted">not by quire deploy</span>
          ) : (
            deployments.map((one) => (
              <div key={one.deployment_id}>
                {one.kind}: {one.name} <span className="muted small">{one.target}</span>{" "}
                <span className="muted small">
                  <Time ms={one.creation_time} /> {one.created_by && <>by {one.created_by}</>}
                </span>
              </div>
            ))
          )}
        </dd>
        <dt>Changed</dt>
        <dd>
          <Time ms={endpoint.last_update_time} />, revision {endpoint.revision}
        </dd>
      </dl>
    </Section>
  );
}
