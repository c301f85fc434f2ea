/** Pictures of an endpoint's traffic: a line for each model version or arm, and one small line for all. */
import type { EChartsCoreOption } from "echarts/core";

import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import type { Colours } from "~/shared/charts/colours";

import type { Traffic } from "./queries";

type Part = Schemas["Traffic"];
export type Measure = "requests" | "errors" | "p95" | "cost";

/** A number of a part of the time; what was not measured is null. */
const VALUES: Record<Measure, (part: Part) => number | null> = {
  requests: (part) => part.requests,
  errors: (part) => part.errors,
  p95: (part) => part.p95_ms ?? null,
  cost: (part) => (part.cost == null ? null : toNumber(part.cost)),
};

/** Who answered, the one with most requests first. */
export function keysOf(traffic: Traffic): string[] {
  return totalsOf(traffic).map(({ key }) => key);
}

export type Total = { key: string; requests: number; errors: number; tokens: number; cost: number | null };

/** Sums over the whole time by who answered, the one with most requests first. */
export function totalsOf(traffic: Traffic): Total[] {
  const totals = new Map<string, Total>();
  for (const part of traffic.traffic ?? []) {
    const found = totals.get(part.key) ?? { key: part.key, requests: 0, errors: 0, tokens: 0, cost: null };
    totals.set(part.key, {
      key: part.key,
      requests: found.requests + part.requests,
      errors: found.errors + part.errors,
      tokens: found.tokens + part.input_tokens + part.output_tokens,
      cost: part.cost == null ? found.cost : (found.cost ?? 0) + toNumber(part.cost),
    });
  }
  return [...totals.values()].toSorted((one, other) => other.requests - one.requests);
}

/** One measure at each part of the time. Where nobody asked there were no requests, and latency is not known. */
export function valuesOf(traffic: Traffic, key: string, measure: Measure): [at: number, value: number | null][] {
  const found = new Map((traffic.traffic ?? []).filter((part) => part.key === key).map((part) => [part.at, part]));
  return Array.from({ length: traffic.parts }, (_, index) => {
    const at = traffic.start_ms + index * traffic.width_ms;
    const part = found.get(at);
    const nothing = measure === "p95" ? null : 0;
    return [at, part === undefined ? nothing : VALUES[measure](part)];
  });
}

/** All requests at each part of the time. */
export function requestsOf(traffic: Traffic): number[] {
  const sums = Array.from({ length: traffic.parts }, () => 0);
  for (const part of traffic.traffic ?? []) {
    const index = Math.round((part.at - traffic.start_ms) / traffic.width_ms);
    sums[index] = (sums[index] ?? 0) + part.requests;
  }
  return sums;
}

/** What ECharts draws of a measure. */
export function trafficOption(
  traffic: Traffic,
  measure: Measure,
  write: (value: number) => string,
  name: (key: string) => string,
  colours: Colours,
): EChartsCoreOption {
  const isStacked = measure !== "p95";
  const axis = {
    axisLabel: { color: colours.text2, hideOverlap: true },
    axisLine: { lineStyle: { color: colours.line } },
  };
  return {
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", valueFormatter: (value: unknown) => (typeof value === "number" ? write(value) : "–") },
    xAxis: { type: "time", ...axis, splitLine: { show: false } },
    yAxis: {
      type: "value",
      min: 0,
      splitNumber: 3,
      ...axis,
      axisLabel: { color: colours.text2, formatter: write },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: keysOf(traffic).map((key, index) => ({
      type: "line",
      name: name(key),
      symbol: isStacked ? "none" : "circle",
      symbolSize: 4,
      showAllSymbol: true,
      step: isStacked ? "start" : false,
      color: colours.series[index % colours.series.length],
      lineStyle: { width: 1.5 },
      data: valuesOf(traffic, key, measure),
      ...(isStacked && { stack: "all", areaStyle: { opacity: 0.25 } }),
    })),
  };
}

/** The path of a small line through these numbers, from 0 at the bottom to the greatest at the top. */
export function sparkPath(values: number[], width: number, height: number): string {
  const most = Math.max(...values, 1);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values
    .map((value, index) => {
      const y = height - 2 - (value / most) * (height - 4);
      return `${index === 0 ? "M" : "L"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
