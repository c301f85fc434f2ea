/** Assessments of a trace, as they are shown: newest first, each with those that it replaced. */
import type { Schemas } from "~/api/types";

export type Assessment = Schemas["Assessment"];
export type Judged = { now: Assessment; before: Assessment[] };

/** Assessments that hold, newest first, each with the ones it replaced, the last replaced first. */
export function judgedOf(all: readonly Assessment[]): Judged[] {
  const byId = new Map(all.map((item) => [item.assessment_id ?? "", item]));
  const replaced = new Set(all.map((item) => item.overrides).filter(Boolean));
  return all
    .filter((item) => !replaced.has(item.assessment_id ?? ""))
    .map((now) => ({ now, before: beforeOf(now, byId) }))
    .toSorted((one, other) => timeOf(other.now) - timeOf(one.now));
}

function beforeOf(now: Assessment, byId: ReadonlyMap<string, Assessment>): Assessment[] {
  const found: Assessment[] = [];
  for (let before = byId.get(now.overrides ?? ""); before && !found.includes(before);) {
    found.push(before);
    before = byId.get(before.overrides ?? "");
  }
  return found;
}

export function timeOf(item: Assessment): number {
  return Date.parse(item.create_time ?? "") || 0;
}

/** The judgement, or the right answer. */
export function valueOf(item: Assessment): unknown {
  if (item.feedback) return item.feedback.value;
  const serialized = item.expectation?.serialized_value?.value;
  if (serialized === undefined) return item.expectation?.value;
  return read(serialized);
}

/** What somebody typed as a value: JSON if it is that, else text. */
export function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The value as it is typed, so that it can be changed. */
export function typed(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && read(value) === value ? value : JSON.stringify(value);
}

/** The right answer as the protocol carries it, where lists and mappings are JSON text. */
export function expectationOf(value: unknown): Schemas["request.Expectation"] {
  return typeof value === "object" && value !== null
    ? { serialized_value: { serialization_format: "JSON_FORMAT", value: JSON.stringify(value) } }
    : { value };
}

const WORDS: Record<string, string> = { HUMAN: "person", LLM_JUDGE: "model", AI_JUDGE: "model", CODE: "code" };

/** Who judged: "person ada". */
export function sourceOf(item: Assessment): string {
  const { source_type: type = "", source_id: id = "" } = item.source ?? {};
  return [WORDS[type] ?? "source unknown", id === "default" ? "" : id].filter(Boolean).join(" ");
}
