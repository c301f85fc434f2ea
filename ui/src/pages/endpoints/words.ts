/** How trials say what they found: colours of verdicts, and figures with the unit that a metric's name tells. */
import { toNumber } from "~/api/types";
import type { Tone } from "~/shared/Badge";
import { cost, duration, number } from "~/shared/quantities";

type Wire = string | number | null | undefined;

const TONES: Record<string, Tone> = {
  better: "good",
  holds: "good",
  running: "accent",
  deciding: "accent",
  worse: "bad",
  violated: "bad",
  paused: "warn",
};

export const toneOf = (word: string): Tone => TONES[word] ?? "plain";

/** A mean of a metric. */
export function figure(value: Wire, metric: string): string {
  const found = toNumber(value);
  if (Number.isNaN(found)) return "–";
  if (metric.endsWith("_usd")) return found < 0 ? `−${cost(-found)}` : cost(found);
  if (metric.endsWith("_s")) return found < 0 ? `−${duration(-1000 * found)}` : duration(1000 * found);
  return number(found).replace("-", "−");
}

/** A difference of means, with its sign. */
export function signed(value: Wire, metric: string): string {
  const found = toNumber(value);
  return `${found > 0 ? "+" : ""}${figure(found, metric)}`;
}

/** An interval; a dash where one of its ends is unknown. */
export function interval(low: Wire, high: Wire, metric: string, hasSign = false): string {
  if (!Number.isFinite(toNumber(low)) || !Number.isFinite(toNumber(high))) return "–";
  const show = hasSign ? signed : figure;
  return `${show(low, metric)} … ${show(high, metric)}`;
}

/** An e-value: evidence, of which 1 is none. */
export function evidence(value: Wire): string {
  const found = toNumber(value);
  if (Number.isNaN(found)) return "–";
  if (found >= 1e6) return "> 1,000,000";
  return found < 0.01 ? "< 0.01" : number(Number(found.toPrecision(found >= 99.5 ? 6 : 2)));
}
