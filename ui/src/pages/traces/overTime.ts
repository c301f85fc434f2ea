/** The picture of traces over time, as ECharts is told it. */
import type { EChartsCoreOption } from "echarts/core";

import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import type { Colours } from "~/shared/charts/colours";
import { cost, count, duration } from "~/shared/quantities";

import type { Charted } from "./search";

type Series = Schemas["TraceSeries"];
type Line = { name: string; color: string | undefined; values: (number | undefined)[] };
/** A bar is in the middle of its interval. */
const HALF = 2;

/** The lines or bars of a chart. */
export function linesOf(series: Series, chart: Charted, colours: Colours): Line[] {
  const points = series.points;
  const [first, second, third] = colours.series;
  if (chart === "latency") {
    return [
      { name: "p50", color: first, values: points.map((point) => point.p50_ms ?? undefined) },
      { name: "p95", color: third, values: points.map((point) => point.p95_ms ?? undefined) },
      { name: "p99", color: second, values: points.map((point) => point.p99_ms ?? undefined) },
    ];
  }
  if (chart === "cost") {
    return [{ name: "cost", color: first, values: points.map((point) => toNumber(point.cost ?? 0)) }];
  }
  return [
    { name: "without error", color: first, values: points.map((point) => point.count - point.errors) },
    { name: "errors", color: colours.bad, values: points.map((point) => point.errors) },
  ];
}

export function optionOf(series: Series, chart: Charted, colours: Colours): EChartsCoreOption {
  const format = chart === "latency" ? duration : chart === "cost" ? cost : count;
  const isLine = chart === "latency";
  const middle = series.width_ms / HALF;
  return {
    grid: { left: 8, right: 12, top: 28, bottom: 4, containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: colours.text2 }, itemHeight: 8 },
    xAxis: {
      type: "time",
      min: series.start_ms - (series.start_ms % series.width_ms),
      max: Math.max(series.end_ms, (series.points.at(-1)?.start_ms ?? 0) + series.width_ms),
      axisLabel: { color: colours.text2, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.line } },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: colours.text2, formatter: (value: number) => format(value) },
      splitLine: { lineStyle: { color: colours.line } },
      splitNumber: 3,
    },
    tooltip: { trigger: "axis", valueFormatter: (value: unknown) => format(typeof value === "number" ? value : null) },
    series: linesOf(series, chart, colours).map(({ name, color, values }) => ({
      name,
      type: isLine ? "line" : "bar",
      color,
      symbolSize: 6,
      barMaxWidth: 24,
      ...(!isLine && { stack: "all" }),
      data: series.points.map((point, index) => [point.start_ms + middle, values[index] ?? null]),
    })),
  };
}
