import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import { Empty } from "~/shared/Empty";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Select } from "~/shared/Select";

import { sinceDays } from "./audit";
import { CostChart } from "./CostChart";
import { CostTable } from "./CostTable";
import { USAGE_BY } from "./search";
import css from "./settings.module.css";
import { useSettings } from "./useSettings";

const DAYS = [1, 7, 30, 90, 365];
const MOST = 1000;

/** What traces used and cost: by day, model, experiment and more. */
export function CostsTab() {
  const { search, change } = useSettings();
  const { by = "day", days = 30, experiments } = search;
  const all = useExperiments();
  const ids = experiments ?? all.data?.map(({ experiment_id }) => experiment_id);
  const names = new Map(all.data?.map(({ experiment_id, name }) => [experiment_id, name]));
  const usage = useQuery({
    queryKey: ["traces", "usage", by, days, ids],
    placeholderData: keepPreviousData,
    enabled: ids !== undefined,
    queryFn: async ({ signal }) => {
      const start_ms = sinceDays(days, Date.now());
      const body = { experiment_ids: ids ?? [], by, start_ms, max_results: MOST };
      const answer = await api.POST("/api/quire/v1/traces/usage", { body, signal });
      // With what it was asked for: while another question waits, the old answer is shown.
      return { by, rows: answer.usage ?? [] };
    },
  });
  return (
    <>
      <div className={`${css.filters} ${css.even}`}>
        <label className={css.field}>
          Summed by
          <Select value={by} onChange={(event) => change({ by: USAGE_BY.find((item) => item === event.target.value) })}>
            {USAGE_BY.map((item) => (
              <option key={item} value={item}>
                {item.replace("_", " ")}
              </option>
            ))}
          </Select>
        </label>
        <label className={css.field}>
          In the last
          <Select value={days} onChange={(event) => change({ days: Number(event.target.value) })}>
            {[...new Set([...DAYS, days])]
              .sort((a, b) => a - b)
              .map((item) => (
                <option key={item} value={item}>
                  {item === 1 ? "day" : `${item} days`}
                </option>
              ))}
          </Select>
        </label>
        <label className={css.field}>
          Experiment
          <Select
            value={experiments?.[0] ?? ""}
            onChange={(event) => change({ experiments: event.target.value ? [event.target.value] : undefined })}
          >
            <option value="">all</option>
            {all.data?.map(({ experiment_id, name }) => (
              <option key={experiment_id} value={experiment_id}>
                {name}
              </option>
            ))}
          </Select>
        </label>
      </div>
      {all.isError && <Failure error={all.error} again={() => void all.refetch()} />}
      {usage.isPending && !all.isError && <Loading />}
      {usage.isError && <Failure error={usage.error} again={() => void usage.refetch()} />}
      {usage.data &&
        (usage.data.rows.length > 0 ? (
          <>
            <CostChart by={usage.data.by} rows={usage.data.rows} names={names} />
            <CostTable by={usage.data.by} rows={usage.data.rows} names={names} />
          </>
        ) : (
          <Empty title="No traces in that time" command="import quire; quire.openai.autolog()">
            Every call of the OpenAI SDK is a trace with tokens and cost once that ran.
          </Empty>
        ))}
    </>
  );
}
