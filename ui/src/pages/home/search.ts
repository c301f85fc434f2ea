/** From when on the first page tells what changed. */
import { given, numberIn, oneOf } from "~/shared/search";

export const SPANS = ["day", "week", "month"] as const;
export type Span = (typeof SPANS)[number];

const DAY = 86_400_000;
const LENGTHS: Record<Span, number> = { day: DAY, week: 7 * DAY, month: 30 * DAY };

/** `span`: so long until now (a day); `since`: from this time on instead, in ms since the epoch. */
export function homeSearch(search: Record<string, unknown>) {
  return given({ span: oneOf(search["span"], SPANS), since: numberIn(search["since"]) });
}

export type HomeSearch = ReturnType<typeof homeSearch>;

/** The time from which changes are told, at a moment; to the minute, so that the same question has the same answer. */
export function sinceOf(search: HomeSearch, now: number): number {
  const minute = Math.floor(now / 60_000) * 60_000;
  return search.since ?? minute - LENGTHS[search.span ?? "day"];
}

/** A time as `<input type="datetime-local">` takes it: in the viewer's zone, to the minute. */
export function toLocal(ms: number): string {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
