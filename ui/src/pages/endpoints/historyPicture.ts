/** The picture of a trial's metric over time: a line and a band for each challenger (or arm). */
import type { EChartsCoreOption } from "echarts/core";

import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import type { Colours } from "~/shared/charts/colours";

import type { History } from "./queries";
import { figure, signed } from "./words";

export type Shown = "difference" | "arms";
export type Line = { name: string; points: { at: number; n: number; value: number; low: number; high: number }[] };

type Figures = Schemas["TrialFigures"];

/** The lines of a history by name, in the order of the arms; an end that is not known is NaN. */
export function linesOf(history: History, shown: Shown): Line[] {
  const lines = new Map<string, Line>();
  for (const moment of history.moments ?? []) {
    const figures: Figures[] = (shown === "arms" ? moment.arms : moment.differences) ?? [];
    for (const one of figures) {
      const line = lines.get(one.name) ?? { name: one.name, points: [] };
      lines.set(one.name, line);
      const [low, high] = [toNumber(one.low), toNumber(one.high)];
      const isKnown = Number.isFinite(low) && Number.isFinite(high);
      line.points.push({
        at: moment.at,
        n: one.n,
        value: toNumber(one.value),
        low: isKnown ? low : Number.NaN,
        high: isKnown ? high : Number.NaN,
      });
    }
  }
  return [...lines.values()];
}

/** The colour of an arm by its place, 0 the control: that of its key in the tables. */
export function colourOf(place: number, colours: Colours): string {
  return colours.series[place % 7 === 0 ? 6 : (place % 7) - 1] ?? colours.text;
}

const shownNumber = (value: number) => (Number.isFinite(value) ? value : null);

/** What ECharts draws of these lines. `places` are the arms' places by name. */
export function pictureOf(
  lines: Line[],
  metric: string,
  shown: Shown,
  places: ReadonlyMap<string, number>,
  colours: Colours,
): EChartsCoreOption {
  const write = (value: number) => (shown === "difference" ? signed(value, metric) : figure(value, metric));
  const zero = {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.text, type: "solid", width: 1.5 },
    label: { formatter: "no difference", position: "insideEndTop", color: colours.text },
    data: [{ yAxis: 0 }],
  };
  const axis = { axisLabel: { color: colours.text2 }, axisLine: { lineStyle: { color: colours.line } } };
  return {
    grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "axis",
      formatter: (found: unknown) => tooltipOf(found, lines, write),
    },
    xAxis: { type: "time", ...axis, splitLine: { show: false } },
    yAxis: {
      type: "value",
      scale: true,
      ...axis,
      axisLabel: { color: colours.text2, formatter: write },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: lines.flatMap(({ name, points }, index) => {
      const colour = colourOf(places.get(name) ?? index + 1, colours);
      const band = { type: "line", stack: `band ${index}`, stackStrategy: "all", symbol: "none", silent: true };
      return [
        {
          ...band,
          name: `${name}: low`,
          lineStyle: { width: 1, color: colour, opacity: 0.5 },
          data: points.map(({ at, low }) => [at, shownNumber(low)]),
        },
        {
          ...band,
          name: `${name}: width`,
          lineStyle: { width: 0 },
          areaStyle: { color: colour, opacity: 0.18 },
          data: points.map(({ at, low, high }) => [at, shownNumber(high - low)]),
        },
        {
          type: "line",
          name,
          symbol: points.length > 1 ? "none" : "circle",
          lineStyle: { color: colour, width: 2 },
          itemStyle: { color: colour },
          data: points.map(({ at, value }) => [at, shownNumber(value)]),
          ...(index === 0 && shown === "difference" && { markLine: zero }),
        },
      ];
    }),
  };
}

function tooltipOf(found: unknown, lines: Line[], write: (value: number) => string): string {
  const first = Array.isArray(found) ? (found[0] as { dataIndex?: number; axisValueLabel?: string }) : {};
  const index = first.dataIndex ?? 0;
  const said = lines.map(({ name, points }) => {
    const point = points[index];
    if (point === undefined) return name;
    const ends = Number.isNaN(point.low) ? "too few units" : `${write(point.low)} … ${write(point.high)}`;
    return `${name}: ${write(point.value)}  [${ends}]  ${point.n} units`;
  });
  return [first.axisValueLabel ?? "", ...said].join("\n");
}
