import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { StatusBadge } from "~/shared/Badge";
import { CopyButton } from "~/shared/CopyButton";
import { cost, count, duration } from "~/shared/quantities";
import { Time } from "~/shared/Time";
import { toNumber } from "~/api/types";

import type { Run, RunFacts } from "../queries";
import css from "./Facts.module.css";

/** What a run is: its state, its times, what its traces cost, where it belongs. */
export function Facts({ run, facts, coming }: { run: Run; facts: RunFacts | undefined; coming: boolean }) {
  const { info } = run;
  const tags = new Map((run.data?.tags ?? []).map(({ key, value }) => [key, value]));
  const parent = tags.get("mlflow.parentRunId");
  const usage = facts?.usage;
  return (
    <dl className={css.facts} data-coming={coming ? "" : undefined}>
      <Fact name="State">
        <StatusBadge status={info.status} />
        {info.lifecycle_stage === "deleted" && <StatusBadge status="deleted" />}
      </Fact>
      <Fact name="Started">
        <Time ms={info.start_time} />
      </Fact>
      <Fact name="Took">{duration(info.end_time == null ? undefined : info.end_time - info.start_time)}</Fact>
      {info.user_id && <Fact name="User">{info.user_id}</Fact>}
      <Fact name="Experiment">
        <Link to="/runs" search={{ experiments: [info.experiment_id] }}>
          {info.experiment_id}
        </Link>
      </Fact>
      <Fact name="Id">
        <span className="mono">{info.run_id}</span>
        <CopyButton text={info.run_id} what="run id" />
      </Fact>
      {parent && (
        <Fact name="Part of">
          <Link to="/runs/$runId" params={{ runId: parent }} className="mono">
            {parent}
          </Link>
        </Fact>
      )}
      {facts?.evaluation_id && (
        <Fact name="Evaluation">
          <Link to="/evaluations/$runId" params={{ runId: facts.evaluation_id }}>
            {facts.variant ? `variant ${facts.variant}` : "rows and verdict"}
          </Link>
        </Fact>
      )}
      {facts?.prompts.map((prompt) => (
        <Fact key={`${prompt.name}/${prompt.version}`} name="Prompt">
          <Link to="/prompts/$name" params={{ name: prompt.name }}>
            {prompt.name} version {prompt.version}
          </Link>
        </Fact>
      ))}
      {usage && (
        <>
          <Fact name="Cost">{usage.cost == null ? "–" : cost(toNumber(usage.cost))}</Fact>
          <Fact name="Tokens">{count(usage.total_tokens)}</Fact>
          <Fact name="Traces">
            {count(usage.count)}
            {usage.errors > 0 && `, ${count(usage.errors)} failed`}
          </Fact>
        </>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
