import { Link } from "@tanstack/react-router";

import { Badge, StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";

type Line = Changes["runs"]["newest"][number];

/** Runs that were started: how many by state, those that failed, the newest. */
export function RunsCard({ runs, since }: { runs: Changes["runs"]; since: number }) {
  const filter = `attributes.start_time >= ${since}`;
  const states = Object.entries(runs.by_status).sort(([, a], [, b]) => b - a);
  return (
    <HomeCard
      title="Runs"
      nothing="No run was started."
      all={
        <Link to="/runs" search={{ filter }}>
          All since then
        </Link>
      }
    >
      {runs.total > 0 && (
        <>
          <p className="row">
            <strong>{count(runs.total)} started</strong>
            {states.map(([status, number]) => (
              <Link key={status} to="/runs" search={{ filter: `${filter} AND attributes.status = '${status}'` }}>
                <Badge tone={status === "FAILED" ? "bad" : "plain"}>
                  {count(number)} {status.toLowerCase()}
                </Badge>
              </Link>
            ))}
          </p>
          {runs.failed.length > 0 && (
            <>
              <h3>Failed</h3>
              <Lines runs={runs.failed} />
            </>
          )}
          <h3>Newest</h3>
          <Lines runs={runs.newest} />
        </>
      )}
    </HomeCard>
  );
}

function Lines({ runs }: { runs: Line[] }) {
  return (
    <ul className={css.lines}>
      {runs.map((run) => (
        <li key={run.run_id} className={css.line}>
          <Link to="/runs/$runId" params={{ runId: run.run_id }}>
            <Cut text={run.run_name || run.run_id} />
          </Link>
          <StatusBadge status={run.status} />
          <span className="muted small">
            <Time ms={run.start_time} />
          </span>
        </li>
      ))}
    </ul>
  );
}
