import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import { Badge, type Tone } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { cost, count } from "~/shared/quantities";
import { LongText } from "~/shared/text/LongText";
import { Time } from "~/shared/Time";

import css from "./Playground.module.css";

type Job = Schemas["JobMessage"];

const EVERY_MS = 1000;
const TONES: Record<Job["state"], Tone> = {
  starting: "accent",
  running: "accent",
  done: "good",
  failed: "bad",
  stopped: "warn",
};

const isUnderWay = ({ state }: Job) => state === "starting" || state === "running";

/** Evaluations that were started here: how far they are, and where their results are. */
export function Jobs() {
  const jobs = useQuery({
    queryKey: ["evaluations", "playground-jobs"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/playground/evaluations", { signal }),
    refetchInterval: ({ state }) => (state.data?.jobs?.some(isUnderWay) ? EVERY_MS : false),
  });
  if (jobs.error) return <Failure error={jobs.error} again={() => void jobs.refetch()} />;
  const found = jobs.data?.jobs ?? [];
  if (found.length === 0) return null;
  return (
    <section className="stack" aria-labelledby="jobs">
      <h2 id="jobs">Evaluations from here</h2>
      <ul className={css.jobs}>
        {found.map((job) => (
          <li key={job.job_id} className="card stack">
            <One job={job} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function One({ job }: { job: Job }) {
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: () =>
      api.POST("/api/quire/v1/playground/evaluations/{job_id}/stop", {
        params: { path: { job_id: job.job_id } },
        body: {},
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["evaluations", "playground-jobs"] }),
  });
  const total = job.total ?? undefined;
  return (
    <>
      <div className="row">
        <Badge tone={TONES[job.state]}>{job.state}</Badge>
        <strong className={css.name} dir="auto">
          {job.run_id ? (
            <Link to="/evaluations/$runId" params={{ runId: job.run_id }}>
              {job.name}
            </Link>
          ) : (
            job.name
          )}
        </strong>
        <span className="grow" />
        {isUnderWay(job) && (
          <Button onClick={() => stop.mutate()} disabled={stop.isPending || stop.isSuccess}>
            {stop.isSuccess ? "Stopping …" : "Stop"}
          </Button>
        )}
      </div>
      {isUnderWay(job) && (
        <progress
          aria-label={`Progress of ${job.name}`}
          className={css.progress}
          {...(total !== undefined && { value: job.rows, max: total })}
        />
      )}
      <p className="row small muted">
        <span>
          {count(job.rows)} of {count(total)} rows
        </span>
        {job.failed > 0 && <span>{count(job.failed)} failed</span>}
        <span>on {job.dataset}</span>
        <span>may spend {cost(toNumber(job.max_cost_usd))}</span>
        <span>
          begun <Time ms={job.started_ms} />
        </span>
      </p>
      {job.message !== "" && <LongText text={job.message} shown={1000} />}
      {stop.error && <Failure error={stop.error} />}
    </>
  );
}
