/** A moment given in ms since the epoch, in the viewer's zone: how long ago, with the exact time in the title. */
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const near = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

export function relative(ms: number, now = Date.now()): string {
  const past = now - ms;
  if (Math.abs(past) >= 7 * 86_400_000) return near.format(ms);
  for (const [unit, size] of UNITS) {
    if (Math.abs(past) >= size) return ago.format(-Math.round(past / size), unit);
  }
  return "just now";
}

export function Time({ ms, whole = false }: { ms: number | string | undefined | null; whole?: boolean }) {
  const at = Number(ms);
  if (ms === undefined || ms === null || !at) return <>–</>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact.format(at)}>
      {whole ? exact.format(at) : relative(at)}
    </time>
  );
}
