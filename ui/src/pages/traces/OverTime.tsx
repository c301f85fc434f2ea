import { useMemo } from "react";

import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import { Button } from "~/shared/Button";
import { Chart } from "~/shared/charts/Chart";
import { useColours } from "~/shared/charts/colours";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { cost, count, duration } from "~/shared/quantities";
import { Tabs } from "~/shared/Tabs";

import { optionOf } from "./overTime";
import css from "./OverTime.module.css";
import type { Charted, TracesSearch } from "./search";
import type { useSeries } from "./useSeries";

type Props = {
  series: ReturnType<typeof useSeries>;
  chart: Charted;
  change: (changed: TracesSearch) => void;
  narrowed: boolean;
};

const TABS = [
  { value: "count", label: "Traces and errors" },
  { value: "latency", label: "Latency" },
  { value: "cost", label: "Cost" },
  { value: "none", label: "No chart" },
] as const;

/** Count, errors, latency and cost over time; a click narrows the list to one interval. */
export function OverTime({ series, chart, change, narrowed }: Props) {
  const colours = useColours();
  const data = series.data;
  const option = useMemo(
    () => (data && chart !== "none" ? optionOf(data, chart, colours) : undefined),
    [data, chart, colours],
  );
  const click = useMemo(
    () => (event: { dataIndex?: number }) => {
      const point = data?.points[event.dataIndex ?? -1];
      if (data && point) change({ since: undefined, from: point.start_ms, to: point.start_ms + data.width_ms });
    },
    [data, change],
  );
  return (
    <section aria-label="Traces over time" className={css.place}>
      <div className="row">
        <div className="grow">
          <Tabs label="Chart" tabs={TABS} value={chart} choose={(value) => change({ chart: value })} />
        </div>
        {narrowed && <Button onClick={() => change({ from: undefined, to: undefined })}>Show all times</Button>}
      </div>
      {series.error && <Failure error={series.error} again={() => void series.refetch()} />}
      {/* The place is kept, so that the table below does not jump when the picture comes. */}
      {!data && series.isFetching && chart !== "none" && (
        <div className={css.coming}>
          <Loading what="the picture" placed />
        </div>
      )}
      {data && option && data.points.length > 0 && (
        <>
          <Chart label={`${title(chart)}, by ${duration(data.width_ms)}`} option={option} height={150} click={click} />
          <Numbers data={data} />
        </>
      )}
    </section>
  );
}

function title(chart: Charted): string {
  return TABS.find(({ value }) => value === chart)?.label ?? "";
}

function Numbers({ data }: { data: Schemas["TraceSeries"] }) {
  return (
    <details>
      <summary className="small">Numbers, by {duration(data.width_ms)}</summary>
      {/* Scrolls, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.numbers} tabIndex={0} role="region" aria-label="Numbers of the chart">
        <table>
          <thead>
            <tr>
              <th>From</th>
              {["Traces", "Errors", "p50", "p95", "p99", "Tokens", "Cost"].map((name) => (
                <th key={name} className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.points.map((point) => (
              <tr key={point.start_ms}>
                <td>{new Date(point.start_ms).toLocaleString()}</td>
                <td className="number">{count(point.count)}</td>
                <td className="number">{count(point.errors)}</td>
                <td className="number">{duration(point.p50_ms)}</td>
                <td className="number">{duration(point.p95_ms)}</td>
                <td className="number">{duration(point.p99_ms)}</td>
                <td className="number">{count(point.total_tokens)}</td>
                <td className="number">{point.cost === null ? "–" : cost(toNumber(point.cost))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
