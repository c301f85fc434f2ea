import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count, number } from "~/shared/quantities";

import { historyQuery } from "../queries";
import { linesOf, smoothed } from "./lines";

export type NamedRun = { id: string; name: string };

/** The history of one metric over its steps, one line a run, with the last values in words beside it. */
export function MetricChart(props: { metric: string; runs: readonly NamedRun[]; log: boolean; smooth: number }) {
  const { metric, runs, log, smooth } = props;
  const ids = useMemo(() => runs.map(({ id }) => id), [runs]);
  const history = useQuery(historyQuery(ids, metric));
  const lines = useMemo(() => linesOf(history.data ?? [], ids), [history.data, ids]);
  const option = useMemo(() => {
    const names = new Map(runs.map(({ id, name }) => [id, name]));
    return {
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      xAxis: { type: "value", min: "dataMin", max: "dataMax", minInterval: 1 },
      yAxis: { type: log ? "log" : "value", scale: true },
      tooltip: { trigger: "axis", confine: true, valueFormatter: (value: unknown) => number(Number(value)) },
      series: lines.map(({ runId, points }) => ({
        name: names.get(runId) ?? runId,
        type: "line",
        showSymbol: points.length < 2,
        sampling: "lttb",
        data: smoothed(points, smooth).filter(([, value]) => !log || value > 0),
      })),
    };
  }, [lines, runs, log, smooth]);
  const drawn = lines.filter(({ points }) => points.length > 0);
  return (
    <section className="card stack" aria-label={metric}>
      <h3 dir="auto">{metric}</h3>
      {history.error && <Failure error={history.error} again={() => void history.refetch()} />}
      {history.isPending ? (
        <Loading what={metric} />
      ) : drawn.length === 0 ? (
        <p className="muted">No run that is shown has numbers of it.</p>
      ) : (
        <>
          <Chart label={`${metric} by step, ${count(drawn.length)} runs`} option={option} height={240} />
          <details>
            <summary>Last values</summary>
            <table>
              <tbody>
                {drawn.map(({ runId, points }) => (
                  <tr key={runId}>
                    <th scope="row">{runs.find(({ id }) => id === runId)?.name ?? runId}</th>
                    <td className="number">{number(points.at(-1)?.[1])}</td>
                    <td className="muted">step {count(points.at(-1)?.[0])}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </>
      )}
    </section>
  );
}
