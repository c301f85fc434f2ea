/** Counts in bins as a picture: bars beside each other, one colour a variant. */
import type { EChartsCoreOption } from "echarts/core";

import type { Spread } from "./queries";

/** The option of the chart; names of variants are cut where the legend would be wider than a telephone. */
export function spreadOption(spread: Spread): EChartsCoreOption {
  const names = Object.keys(spread.counts);
  return {
    grid: { left: 8, right: 8, top: names.length > 1 ? 36 : 12, bottom: 8, containLabel: true },
    legend:
      names.length > 1
        ? { type: "scroll", top: 0, itemWidth: 14, textStyle: { width: 160, overflow: "truncate" } }
        : undefined,
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: {
      type: "category",
      data: spread.labels,
      axisLabel: { hideOverlap: true, width: 110, overflow: "truncate" },
    },
    yAxis: { type: "value", minInterval: 1 },
    series: names.map((name) => ({ type: "bar", name, data: spread.counts[name], barGap: 0, barMaxWidth: 48 })),
  };
}
