/** Scorers while they are chosen: their parameters as texts, from and to what the server takes. */
import type { Schemas } from "~/api/types";

export type Scorer = Schemas["ScorerMessage"];
export type Parameter = Schemas["ScorerParameter"];

export type ScorerDraft = {
  /** Tells scorers apart, two of one name too. */
  id: number;
  name: string;
  /** What was typed, by parameter; what is empty is left to its default. */
  texts: Readonly<Record<string, string>>;
};

let made = 0;

export function newScorer(name: string): ScorerDraft {
  made += 1;
  return { id: made, name, texts: {} };
}

/** A scorer as the server takes it. */
export type ChosenScorer = { name: string; parameters: Record<string, unknown> };

/** The scorer that was chosen, for the server. What is no value is sent as it was typed: the server says what is expected. */
export function chosenOf(draft: ScorerDraft, scorers: readonly Scorer[]): ChosenScorer {
  const parameters = scorers.find(({ name }) => name === draft.name)?.parameters ?? [];
  const said = parameters.flatMap(({ name, kind }) => {
    const text = draft.texts[name] ?? "";
    return text.trim() === "" ? [] : [[name, valueOf(kind, text)] as const];
  });
  return { name: draft.name, parameters: Object.fromEntries(said) };
}

function valueOf(kind: Parameter["kind"], text: string): unknown {
  switch (kind) {
    case "flag":
    case "json":
      return parsed(text);
    case "whole":
    case "number":
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case "texts":
      return lines(text);
    case "levels":
      return levels(text);
    default:
      return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** "1: Not at all", a line each. */
function levels(text: string): Record<string, string> | string {
  const found = lines(text).map((line) => /^\s*(-?\d+)\s*[:=]\s*(.+)$/.exec(line));
  if (found.some((match) => match === null)) return text;
  return Object.fromEntries(found.map((match) => [match?.[1] ?? "", match?.[2]?.trim() ?? ""]));
}

/** A default as it is shown where nothing was typed. */
export function shownDefault(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
