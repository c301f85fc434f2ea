/** Histories of a metric as lines of a chart. */
import { toNumber } from "~/api/types";

import type { WireMetric } from "../queries";

export type Line = { runId: string; points: [step: number, value: number][] };

/** A line for each run, in their order; values that are no number are left out. */
export function linesOf(metrics: readonly WireMetric[], runIds: readonly string[]): Line[] {
  const found = new Map<string, [number, number][]>(runIds.map((id) => [id, []]));
  for (const metric of metrics) {
    const value = toNumber(metric.value);
    if (Number.isFinite(value)) found.get(metric.run_id ?? runIds[0] ?? "")?.push([metric.step ?? 0, value]);
  }
  return [...found].map(([runId, points]) => ({ runId, points: points.sort((a, b) => a[0] - b[0]) }));
}

/**
 * Each value as the weighted mean of those up to it, the weight of one `share` times that of the next; corrected for
 * the beginning, so that a constant line stays as it is.
 */
export function smoothed(points: Line["points"], share: number): Line["points"] {
  if (share <= 0) return points;
  let [sum, weight] = [0, 0];
  return points.map(([step, value]) => {
    sum = sum * share + value;
    weight = weight * share + 1;
    return [step, sum / weight];
  });
}
