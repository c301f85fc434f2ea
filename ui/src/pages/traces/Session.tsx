import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api } from "~/api/client";
import { StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { duration } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import { type Facts, factsOf } from "./facts";
import { filterOf, orderOf } from "./search";
import css from "./Session.module.css";

const MOST = 50;

/** The traces of the same session, in the order in which they began. */
export function Session({ facts, session }: { facts: Facts; session: string }) {
  const search = { session, ascending: true };
  const found = useQuery({
    queryKey: ["traces", "session", facts.experiment, session],
    queryFn: ({ signal }) =>
      api.POST("/api/3.0/mlflow/traces/search", {
        body: {
          locations: [{ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: facts.experiment } }],
          filter: filterOf(search),
          order_by: orderOf(search),
          max_results: MOST,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  const infos = found.data?.traces ?? [];
  return (
    <section className="stack" aria-label="Session">
      <h2>Session</h2>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      <ol className={css.traces}>
        {infos.map((info) => {
          const own = factsOf(info);
          return (
            <li key={own.id} className={css.trace} aria-current={own.id === facts.id ? "true" : undefined}>
              <Time ms={own.startMs} />
              <Link to="/traces/$traceId" params={{ traceId: own.id }} className={css.name}>
                <Cut text={own.name || own.id} />
              </Link>
              <StatusBadge status={own.state} />
              <span className="small muted">{duration(own.durationMs)}</span>
              <Cut text={info.request_preview ?? ""} />
            </li>
          );
        })}
      </ol>
      {found.data?.next_page_token && (
        <Link to="/traces" search={{ experiments: [facts.experiment], ...search }}>
          All traces of the session
        </Link>
      )}
    </section>
  );
}
