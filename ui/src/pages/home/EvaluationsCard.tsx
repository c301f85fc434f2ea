import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import { StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { cost, count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import { type Changes, verdictQuery } from "./queries";

type Line = Changes["evaluations"][number];

/** Evaluations that were begun, each with its verdict. */
export function EvaluationsCard({ evaluations }: { evaluations: Line[] }) {
  return (
    <HomeCard title="Evaluations" nothing="Nothing was evaluated." all={<Link to="/evaluations">All</Link>}>
      {evaluations.length > 0 && (
        <ul className={css.lines}>
          {evaluations.map((line) => (
            <li key={line.run_id}>
              <p className={css.line}>
                <Link to="/evaluations/$runId" params={{ runId: line.run_id }}>
                  <Cut text={line.name || line.run_id} />
                </Link>
                <StatusBadge status={line.status} />
                <span className="muted small">
                  <Time ms={line.started_ms} />
                </span>
              </p>
              {line.status === "FINISHED" && (line.variants ?? []).length > 1 && <Verdict runId={line.run_id} />}
              <p className="small muted">
                {count(line.records)} records
                {line.cost_usd != null && `, ${cost(toNumber(line.cost_usd))}`}
                {(line.failed ?? 0) > 0 && `, ${count(line.failed)} answers failed`}
              </p>
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  );
}

function Verdict({ runId }: { runId: string }) {
  const { data, isError } = useQuery(verdictQuery(runId));
  if (isError) return <p className="small muted">The verdict cannot be worked out here: open the evaluation.</p>;
  if (!data) return <p className="small muted">Comparing …</p>;
  return (
    <p className={`small ${css.reason}`} dir="auto">
      <StatusBadge status={data.verdict} /> {data.sentence}
    </p>
  );
}
