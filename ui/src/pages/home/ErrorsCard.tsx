import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";

/** Traces that failed, those that say the same together; the newest of each is linked. */
export function ErrorsCard({ errors, since }: { errors: Changes["errors"]; since: number }) {
  return (
    <HomeCard
      title="Errors"
      nothing="No trace failed."
      all={
        <Link to="/traces" search={{ status: "ERROR", from: since }}>
          All failed traces
        </Link>
      }
    >
      {(errors.groups ?? []).length > 0 && (
        <>
          <ul className={css.lines}>
            {errors.groups?.map((group) => (
              <li key={`${group.name} ${group.message}`}>
                <p className={css.line}>
                  <Link to="/traces/$traceId" params={{ traceId: group.trace_id }}>
                    <Cut text={group.name || "without a name"} />
                  </Link>
                  <Badge tone="bad">{count(group.counted)} ×</Badge>
                  <span className="muted small">
                    <Time ms={group.newest} />
                  </span>
                </p>
                <p className="small">
                  <Cut text={group.message || "It says nothing of why."} />
                </p>
              </li>
            ))}
          </ul>
          {errors.total > errors.looked_at && (
            <p className="small muted">
              Of {count(errors.total)} the newest {count(errors.looked_at)} are counted here.
            </p>
          )}
        </>
      )}
    </HomeCard>
  );
}
