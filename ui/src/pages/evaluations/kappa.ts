/** Kappa and alpha in words, and where they stand in a picture. */
import { toNumber } from "~/api/types";

type Wire = string | number | null | undefined;

const digits = (value: number) => (Number.isFinite(value) ? value.toFixed(2).replace("-", "−") : "–");

/** A value with its interval: "0.62 (0.41 to 0.78)"; a dash where one label was given throughout. */
export function kappaWords(value: Wire, low: Wire, high: Wire): string {
  const [middle, from, to] = [toNumber(value), toNumber(low), toNumber(high)];
  return Number.isNaN(middle) ? "–" : `${digits(middle)} (${digits(from)} to ${digits(to)})`;
}

/** From 0 to 1, of a scale from −1 to 1; undefined for what is no number. */
export function place(value: Wire): number | undefined {
  const number = toNumber(value);
  return Number.isNaN(number) ? undefined : (Math.max(-1, Math.min(1, number)) + 1) / 2;
}
