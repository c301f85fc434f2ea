/** Reading entries of the audit log. */
const DAY_MS = 86_400_000;

/** Why something was changed, if who did it said so. `after` is the JSON of what was asked for. */
export function reasonOf(after: string | null | undefined): string | undefined {
  if (!after) return undefined;
  try {
    const said: unknown = JSON.parse(after);
    if (typeof said !== "object" || said === null || !("reason" in said)) return undefined;
    return typeof said.reason === "string" && said.reason !== "" ? said.reason : undefined;
  } catch {
    return undefined;
  }
}

/** The time so many days ago, to the minute, so that the same question has the same answer for a while. */
export function sinceDays(days: number, now: number): number {
  return Math.floor((now - days * DAY_MS) / 60_000) * 60_000;
}
