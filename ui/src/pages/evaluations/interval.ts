/** Where a difference and its interval stand in a small picture, from 0 to 1, the zero line always among them. */
export type Drawn = { zero: number; low: number; high: number; point: number };

/** Undefined where the interval has no ends to draw. */
export function drawn(low: number, high: number, point: number): Drawn | undefined {
  if (![low, high, point].every(Number.isFinite)) return undefined;
  const least = Math.min(0, low, point);
  const most = Math.max(0, high, point);
  const room = (most - least || 1) * 0.08;
  const at = (value: number) => (value - least + room) / (most - least + 2 * room || 1);
  return { zero: at(0), low: at(low), high: at(high), point: at(point) };
}
