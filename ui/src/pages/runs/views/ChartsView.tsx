import { useMemo } from "react";

import { Button } from "~/shared/Button";
import { count } from "~/shared/quantities";
import { Select } from "~/shared/Select";

import { ChartControls } from "../charts/ChartControls";
import { MetricChart } from "../charts/MetricChart";
import { type Change, keyed, type Keys, type RunsSearch } from "../search";
import type { Table } from "./table";

type Props = {
  table: Table;
  search: RunsSearch;
  change: (next: Change, replace?: boolean) => void;
  keys: Keys | undefined;
};

const MOST_LINES = 50;

/** Histories of chosen metrics, one line a run. */
export function ChartsView({ table, search, change, keys }: Props) {
  const shown = search.metrics ?? table.columns.flatMap((id) => metricOf(id));
  const runs = useMemo(
    () => table.rows.slice(0, MOST_LINES).map((row) => ({ id: row.run_id, name: row.run_name })),
    [table.rows],
  );
  const others = (keys?.metrics ?? []).filter((key) => !shown.includes(key));
  return (
    <>
      <div className="row">
        <ChartControls log={search.log === true} smooth={search.smooth ?? 0} change={(next) => change(next, true)} />
        <Select
          aria-label="Add a metric"
          value=""
          disabled={others.length === 0}
          onChange={(event) => change({ metrics: [...shown, event.target.value] })}
        >
          <option value="">Add a metric</option>
          {others.map((key) => (
            <option key={key}>{key}</option>
          ))}
        </Select>
        {table.rows.length > MOST_LINES && (
          <span className="muted small">Lines of the first {count(MOST_LINES)} runs.</span>
        )}
      </div>
      {shown.length === 0 && <p className="muted">Choose a metric.</p>}
      <div className="cards">
        {shown.map((metric) => (
          <div key={metric} className="stack">
            <MetricChart metric={metric} runs={runs} log={search.log === true} smooth={search.smooth ?? 0} />
            <div>
              <Button
                look="quiet"
                aria-label={`Remove the chart of ${metric}`}
                onClick={() => change({ metrics: shown.filter((other) => other !== metric) })}
              >
                Remove
              </Button>
            </div>
          </div>
        ))}
      </div>
    </>
  );
}

function metricOf(column: string): string[] {
  const found = keyed(column);
  return found?.kind === "metrics" ? [found.key] : [];
}
