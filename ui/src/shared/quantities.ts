/** Numbers as people read them, each with its unit. What is unknown is a dash. */
const NONE = "–";
const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

const known = (value: number | undefined | null): value is number => value !== undefined && value !== null;

/** A number of no known unit: a metric. */
export function number(value: number | undefined | null): string {
  if (!known(value)) return NONE;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toExponential(3) : plain.format(value);
}

/** How many. */
export function count(value: number | undefined | null): string {
  return known(value) ? whole.format(value) : NONE;
}

/** How many, where there is little room: 1.2M. */
export function shortCount(value: number | undefined | null): string {
  return known(value) ? compact.format(value) : NONE;
}

/** A duration given in milliseconds. */
export function duration(ms: number | undefined | null): string {
  if (!known(ms)) return NONE;
  if (ms < 1) return `${plain.format(ms * 1000)} µs`;
  if (ms < 1000) return `${whole.format(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.round((ms % 86_400_000) / 3_600_000)} h`;
}

/** US dollars. */
export function cost(usd: number | undefined | null): string {
  if (!known(usd)) return NONE;
  if (usd === 0) return "$0";
  const digits = Math.abs(usd) >= 100 ? 0 : Math.abs(usd) >= 1 ? 2 : Math.abs(usd) >= 0.01 ? 4 : 6;
  return `$${usd.toFixed(digits)}`;
}

/** A share of one, as percent. */
export function percent(share: number | undefined | null, digits = 1): string {
  return known(share) ? `${(100 * share).toFixed(digits)} %` : NONE;
}

/** A size given in bytes. */
export function bytes(size: number | undefined | null): string {
  if (!known(size)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let left = size;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? left : left.toPrecision(3)} ${units[unit] ?? ""}`;
}
