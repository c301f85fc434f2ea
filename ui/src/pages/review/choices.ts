/** What can be answered to a question by a button or a key, and how that is called. */
import type { Question } from "./queries";

export type Value = boolean | number | string;
export type Choice = { value: Value; label: string; keys: string[] };

/** Undefined where any number or any text is an answer: it is typed. */
export function choicesOf(question: Question, isPair: boolean): Choice[] | undefined {
  if (isPair) {
    return [
      { value: "first", label: "First is better", keys: ["1", "ArrowLeft"] },
      { value: "second", label: "Second is better", keys: ["2", "ArrowRight"] },
      { value: "tie", label: "Neither", keys: ["0", "ArrowDown"] },
    ];
  }
  const choices = question.choices ?? [];
  if (choices.length > 0) {
    return choices.map((value, at) => ({ value, label: word(value), keys: keysOf(value, at) }));
  }
  if (question.kind !== undefined && question.kind !== "binary") return undefined;
  return [
    { value: true, label: "Yes", keys: ["y", "1"] },
    { value: false, label: "No", keys: ["n", "0"] },
  ];
}

/** A small number's own key; else the key of its place, from 1 on. */
function keysOf(value: Value, at: number): string[] {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 9) return [String(value)];
  return at < 9 ? [String(at + 1)] : [];
}

function word(value: Value): string {
  return typeof value === "boolean" ? (value ? "Yes" : "No") : String(value);
}

type Answered = { question: string; value?: Value | null };

/** What to tell somebody whose answer met another one that they had not seen; undefined if it met none. */
export function metOthers(
  seen: readonly Answered[],
  after: { replaced?: readonly Answered[]; late?: boolean },
): string | undefined {
  if (after.late) return "Others have answered this meanwhile, as often as it needs. Your answer is kept too.";
  const unseen = (after.replaced ?? []).filter(
    (old) => !seen.some((one) => one.question === old.question && one.value === old.value),
  );
  if (unseen.length === 0) return undefined;
  const words = unseen.map(({ value }) => (value === undefined || value === null ? "skipped" : `“${word(value)}”`));
  return `You had answered this elsewhere meanwhile: ${words.join(", ")}. What you said now stands in its place.`;
}

/** What was typed as an answer of the question's kind; undefined where it is none. */
export function typedAnswer(question: Question, typed: string): Value | undefined {
  const text = typed.trim();
  if (text === "") return undefined;
  if (question.kind !== "number") return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
