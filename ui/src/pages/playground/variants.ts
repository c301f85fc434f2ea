/** What is tried: up to four variants, the values that they share, and how a draft survives a reload. */
import type { Schemas } from "~/api/types";

export type Message = Record<string, unknown>;
export type Template = string | Message[];
export type Task = "chat.completions" | "responses";
export type BaseInfo = Schemas["BaseResponse"];

/** One variant as it is edited. `adopted` is false while what its base says is still to be read. */
export type Draft = {
  key: string;
  base: string;
  adopted: boolean;
  task: Task;
  model: string;
  template: Template;
  params: Record<string, unknown>;
  /** What was written while the base was being read: it stays. */
  written?: Written | undefined;
};

/** What of a draft people write. */
export type Written = Partial<Pick<Draft, "task" | "model" | "template" | "params">>;

export type Drafts = { variants: Draft[]; values: Record<string, string> };

/** A variant as the server takes it. */
export type Asked = { task: Task; model: string; template: Template; params: Record<string, unknown>; base: string };

export const MOST = 4;
export const LETTERS = ["A", "B", "C", "D"] as const;
const KEPT = "quire.playground";
const MOST_KEPT = 2_000_000;
let made = 0;

export function emptyDraft(base = ""): Draft {
  made += 1;
  return {
    key: `${Date.now().toString(36)}-${made}`,
    base,
    adopted: base === "",
    task: "chat.completions",
    model: "gpt-4o-mini",
    template: [{ role: "user", content: "" }],
    params: {},
  };
}

/** The draft with another base, which is still to be read. */
export function withBase(draft: Draft, base: string): Draft {
  return { ...draft, base, adopted: base === "", written: undefined };
}

/** The draft with something written anew. */
export function edited(draft: Draft, change: Written): Draft {
  return { ...draft, ...change, ...(!draft.adopted && { written: { ...draft.written, ...change } }) };
}

/** The draft with what its base says, which replaces what was written before the base was chosen. */
export function adopted(draft: Draft, info: BaseInfo): Draft {
  const { variant } = info;
  return {
    ...draft,
    adopted: true,
    task: variant.task ?? "chat.completions",
    model: variant.model ?? "",
    template: variant.template ?? "",
    params: variant.params ?? {},
    ...draft.written,
    written: undefined,
  };
}

export function asked({ task, model, template, params, base }: Draft): Asked {
  return { task, model, template, params, base };
}

/** All values, and an empty one for each of these variables that has none: the server leaves out what is not used. */
export function valuesOf(names: readonly string[], values: Record<string, string>): Record<string, string> {
  return { ...Object.fromEntries(names.map((name) => [name, ""])), ...values };
}

/** What a view begins with: what was kept, if it is of the bases in the address, else those bases. */
export function beginning(bases: readonly string[], values: Record<string, string>, kept: string | null): Drafts {
  const found = read(kept);
  const same =
    found !== undefined &&
    (bases.length === 0 || JSON.stringify(found.variants.map(({ base }) => base)) === JSON.stringify(bases));
  if (same) return { variants: found.variants, values: { ...found.values, ...values } };
  const wanted = bases.length > 0 ? bases.slice(0, MOST) : [""];
  return { variants: wanted.map((base) => emptyDraft(base)), values };
}

function read(kept: string | null): Drafts | undefined {
  if (kept === null) return undefined;
  try {
    const said = JSON.parse(kept) as Drafts;
    const fine = said.variants.length > 0 && said.variants.every(({ key, base }) => key && typeof base === "string");
    return fine ? { variants: said.variants.slice(0, MOST), values: said.values } : undefined;
  } catch {
    return undefined;
  }
}

export function keptDrafts(): string | null {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Keep the draft for a reload of this window; one that is too large is not kept. */
export function keep(drafts: Drafts): void {
  const text = JSON.stringify(drafts);
  try {
    if (text.length <= MOST_KEPT) sessionStorage.setItem(KEPT, text);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Without storage a reload begins anew.
  }
}

/** The list with one item moved by so many places. */
export function moved<T>(items: readonly T[], from: number, by: number): T[] {
  const to = from + by;
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return [...items];
  const rest = items.filter((_, index) => index !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

/** What a text says as JSON; the text itself where it is none, as people write words without quotes. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
