/** Cost and errors over time as pictures: every piece of time has its bar, also those in which nothing happened. */
import type { EChartsCoreOption } from "echarts/core";

import { toNumber } from "~/api/types";
import type { Colours } from "~/shared/charts/colours";

import type { Changes } from "./queries";

type Usage = Changes["usage"];

/** One piece of time. `cost` is in US dollars, 0 where no trace told it. */
export type Piece = { at: number; traces: number; errors: number; tokens: number; cost: number };

const MOST = 400;

/** The pieces from `since` to `until`, without gaps. */
export function pieces(usage: Usage, since: number, until: number): Piece[] {
  const known = new Map(usage.buckets.map((bucket) => [bucket.at ?? 0, bucket]));
  const all: Piece[] = [];
  for (let at = since; at < until && all.length < MOST; at += usage.bucket_ms) {
    const found = known.get(at);
    all.push({
      at,
      traces: found?.traces ?? 0,
      errors: found?.errors ?? 0,
      tokens: found?.tokens ?? 0,
      cost: found?.cost == null ? 0 : toNumber(found.cost),
    });
  }
  return all;
}

/** Bars of one figure over time. */
export function bars(
  all: Piece[],
  figure: (piece: Piece) => number,
  show: (value: number) => string,
  colour: string,
  colours: Colours,
): EChartsCoreOption {
  const axis = { axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.text2 } };
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 4, containLabel: true },
    xAxis: { type: "time", ...axis, splitLine: { show: false } },
    yAxis: {
      type: "value",
      minInterval: 0,
      splitNumber: 2,
      axisLabel: { color: colours.text2, formatter: show },
      splitLine: { lineStyle: { color: colours.line } },
    },
    tooltip: { trigger: "axis", valueFormatter: show },
    series: [
      {
        type: "bar",
        data: all.map((piece) => [piece.at, figure(piece)]),
        itemStyle: { color: colour },
        barMaxWidth: 24,
      },
    ],
  };
}

/** How much more or less than before, in words; nothing where there was nothing before. */
export function against(now: number, before: number, show: (value: number) => string, when: string): string {
  return `${show(before)} ${when}${before > 0 && now !== before ? `, ${change(now / before - 1)}` : ""}`;
}

function change(share: number): string {
  const percent = Math.round(Math.abs(share) * 100);
  if (share > 9) return "more than ten times as much";
  return percent === 0 ? "about the same" : `${percent} % ${share > 0 ? "more" : "less"} now`;
}
