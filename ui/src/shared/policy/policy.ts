/** A parameter policy while it is edited: fields as texts, from and to what the server keeps. */
import type { Schemas } from "~/api/types";

export type PolicyParam = Schemas["PolicyParam"];

export type ParamDraft = {
  /** Tells parameters apart while they are edited. */
  id: number;
  name: string;
  type: string;
  isList: boolean;
  default: string;
  minimum: string;
  maximum: string;
  /** One a line. */
  choices: string;
  /** What the server said: what is not changed is sent as it came. */
  from?: PolicyParam;
};

/** The parameters of a policy; undefined where there is no policy. */
export type PolicyDraft = readonly ParamDraft[] | undefined;

export const TYPES = ["double", "long", "string", "boolean", "float", "integer", "datetime", "binary"] as const;
const NUMBERS = ["double", "long", "float", "integer"];

/** Parameters that services take, and their types. */
export const COMMON: Readonly<Record<string, string>> = {
  temperature: "double",
  top_p: "double",
  max_completion_tokens: "long",
  max_output_tokens: "long",
  max_tokens: "long",
  seed: "long",
  stop: "string",
  frequency_penalty: "double",
  presence_penalty: "double",
  reasoning_effort: "string",
  verbosity: "string",
};

let made = 0;

export function newParam(name = ""): ParamDraft {
  made += 1;
  const type = COMMON[name] ?? "double";
  return { id: made, name, type, isList: false, default: "", minimum: "", maximum: "", choices: "" };
}

export function draftOfPolicy(policy: readonly PolicyParam[] | null | undefined): PolicyDraft {
  return policy?.map(draftOf);
}

function draftOf(param: PolicyParam): ParamDraft {
  return {
    ...newParam(),
    name: param.name,
    type: param.type,
    isList: param.is_list ?? false,
    default: shown(param.default),
    minimum: shown(param.minimum),
    maximum: shown(param.maximum),
    choices: (param.choices ?? []).map(shown).join("\n"),
    from: param,
  };
}

/** The policy as the server takes it. What is no value of its type is sent as it was typed: the server says why not. */
export function policyOf(drafts: readonly ParamDraft[]): PolicyParam[] {
  return drafts.map((draft) => {
    const { from, ...said } = draft;
    if (from && unchanged(said, draftOf(from))) return from;
    const choices = said.choices.split("\n").filter((line) => line.trim() !== "");
    return {
      name: said.name.trim(),
      type: said.type,
      is_list: said.isList,
      ...(said.default !== "" && { default: valueOf(said.default, said.type, said.isList) }),
      ...(isNumber(said.type) && said.minimum !== "" && { minimum: Number(said.minimum) }),
      ...(isNumber(said.type) && said.maximum !== "" && { maximum: Number(said.maximum) }),
      ...(choices.length > 0 && { choices: choices.map((line) => valueOf(line, said.type, false)) }),
    };
  });
}

export function isNumber(type: string): boolean {
  return NUMBERS.includes(type);
}

function unchanged(draft: Omit<ParamDraft, "from">, other: ParamDraft): boolean {
  const keys = ["name", "type", "isList", "default", "minimum", "maximum", "choices"] as const;
  return keys.every((key) => draft[key] === other[key]);
}

function valueOf(text: string, type: string, isList: boolean): unknown {
  if (!isList && (type === "string" || type === "datetime")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
