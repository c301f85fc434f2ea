import { useMemo, useState } from "react";

import { Button } from "~/shared/Button";
import { count } from "~/shared/quantities";

import { ChartControls } from "../charts/ChartControls";
import { MetricChart } from "../charts/MetricChart";
import type { Run } from "../queries";

const SHOWN = 12;

/** A chart of each metric of a run. */
export function MetricCharts({ run }: { run: Run }) {
  const [log, setLog] = useState(false);
  const [smooth, setSmooth] = useState(0);
  const [limit, setLimit] = useState(SHOWN);
  const runs = useMemo(() => [{ id: run.info.run_id, name: run.info.run_name }], [run.info.run_id, run.info.run_name]);
  const metrics = run.data?.metrics ?? [];
  if (metrics.length === 0) return <p className="muted">The run has no metrics.</p>;
  return (
    <div className="stack">
      <ChartControls
        log={log}
        smooth={smooth}
        change={(next) => {
          if ("log" in next) setLog(next.log ?? false);
          if ("smooth" in next) setSmooth(next.smooth ?? 0);
        }}
      />
      <div className="cards">
        {metrics.slice(0, limit).map(({ key }) => (
          <MetricChart key={key} metric={key} runs={runs} log={log} smooth={smooth} />
        ))}
      </div>
      {metrics.length > limit && (
        <div>
          <Button onClick={() => setLimit(limit + SHOWN)}>Show more ({count(metrics.length - limit)} are left)</Button>
        </div>
      )}
    </div>
  );
}
