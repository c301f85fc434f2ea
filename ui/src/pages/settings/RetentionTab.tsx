import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";

import { sinceDays } from "./audit";
import { ExperimentChoice } from "./ExperimentChoice";
import { Plan } from "./Plan";
import css from "./settings.module.css";
import { useSettings } from "./useSettings";

/** Which old traces would go, and letting them go: by age, by size, or both. */
export function RetentionTab() {
  const { search } = useSettings();
  const { experiments, older, keep } = search;
  const all = useExperiments();
  const ids = experiments ?? all.data?.map(({ experiment_id }) => experiment_id);
  const plan = useQuery({
    queryKey: ["traces", "plan-pruning", ids, older, keep],
    placeholderData: keepPreviousData,
    enabled: ids !== undefined && (older !== undefined || keep !== undefined),
    queryFn: ({ signal }) =>
      api.POST("/api/quire/v1/traces/plan-pruning", {
        body: {
          experiment_ids: ids ?? [],
          ...(older !== undefined && { older_than_ms: sinceDays(older, Date.now()) }),
          ...(keep !== undefined && { keep_bytes: Math.round(keep * 1e9) }),
        },
        signal,
      }),
  });
  return (
    <>
      <p className="muted">
        Traces stay until they are pruned: with their spans, texts and assessments. Runs, models, prompts and datasets
        are never pruned. What goes is gone for good; the database uses its room again. A schedule is a cron job of{" "}
        <code>quire traces prune --older-than 90d</code>.
      </p>
      <Form key={[experiments?.join(), older, keep].join()} />
      {all.isError && <Failure error={all.error} again={() => void all.refetch()} />}
      {plan.isFetching && !plan.data && <Loading what="the plan" />}
      {plan.isError && <Failure error={plan.error} again={() => void plan.refetch()} />}
      {plan.data && ids && <Plan pruning={plan.data.pruning} experiments={ids} />}
    </>
  );
}

function Form() {
  const { search, change } = useSettings();
  const [older, setOlder] = useState(String(search.older ?? ""));
  const [keep, setKeep] = useState(String(search.keep ?? ""));
  const [experiments, setExperiments] = useState(search.experiments ?? []);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    change({
      older: older === "" ? undefined : Number(older),
      keep: keep === "" ? undefined : Number(keep),
      experiments: experiments.length > 0 ? experiments : undefined,
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className={css.filters}>
        <label className={css.field}>
          Older than days
          <input
            type="number"
            min={0}
            step="any"
            value={older}
            placeholder="any age"
            onChange={(event) => setOlder(event.target.value)}
          />
        </label>
        <label className={css.field}>
          Keep the newest gigabytes
          <input
            type="number"
            min={0}
            step="any"
            value={keep}
            placeholder="any size"
            onChange={(event) => setKeep(event.target.value)}
          />
        </label>
        <Button type="submit" look="primary" disabled={older === "" && keep === ""}>
          See what would go
        </Button>
      </div>
      <details className={css.details} open={experiments.length > 0}>
        <summary>{experiments.length > 0 ? `Of ${experiments.length} experiments` : "Of all experiments"}</summary>
        <ExperimentChoice chosen={experiments} choose={setExperiments} />
      </details>
    </form>
  );
}
