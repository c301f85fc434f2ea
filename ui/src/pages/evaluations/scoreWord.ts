import { number } from "~/shared/quantities";

/** A score's value as a word: yes and no for right and wrong, a number, or the word itself. */
export function scoreWord(score: { value?: unknown; error?: string | null }): string {
  const { value, error } = score;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  return error ? "error" : "–";
}
