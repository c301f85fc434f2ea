import { LongText } from "./LongText";

import css from "./Json.module.css";

/** A value as indented JSON; text that is JSON is shown as the value that it says. */
export function Json({ value }: { value: unknown }) {
  return (
    <div className={css.json}>
      <LongText text={written(value)} copies />
    </div>
  );
}

export function written(value: unknown): string {
  let said = value;
  if (typeof value === "string") {
    try {
      said = JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }
  if (typeof said === "string") return said;
  try {
    return JSON.stringify(said, null, 2);
  } catch {
    // Nested deeper than the browser writes: what came as text is shown as it came.
    return typeof value === "string" ? value : "This is nested too deeply to be shown.";
  }
}
