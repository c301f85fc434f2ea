/** An endpoint while it is edited: JSON is what will be stored, and fields are a way to change it. */
import type { Endpoint } from "./queries";

/** Every field of an endpoint and whether it may be edited: a field that the server gets breaks the build here. */
const FIELDS: Record<keyof Endpoint, boolean> = {
  name: true,
  model: true,
  description: true,
  upstream: true,
  fallbacks: true,
  retrying: true,
  breaker: true,
  hedging: true,
  caching: true,
  limits: true,
  shadows: true,
  passes: true,
  trace_sample: true,
  log_content: true,
  experiment: true,
  revision: false,
  creation_time: false,
  last_update_time: false,
};

const EDITED: ReadonlySet<string> = new Set(
  Object.entries(FIELDS).flatMap(([field, isEdited]) => (isEdited ? field : [])),
);

export type Draft = Record<string, unknown> & { name: string; model: string };

/** The text that is edited: without what the store fills in. */
export function textOf(endpoint: Endpoint): string {
  const kept = Object.entries(endpoint).filter(([field]) => EDITED.has(field));
  return JSON.stringify(Object.fromEntries(kept), null, 2);
}

/** What a text says, or what is wrong with it. The server checks the values. */
export function read(text: string): { draft: Draft } | { mistake: string } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    return { mistake: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    return { mistake: 'An endpoint is an object, such as {"name": "joker", "model": "models:/joker@champion"}.' };
  }
  const said = found as Record<string, unknown>;
  const strange = Object.keys(said).find((field) => !EDITED.has(field));
  if (strange !== undefined) {
    return { mistake: `There is no field ${JSON.stringify(strange)}; expected ${[...EDITED].join(", ")}.` };
  }
  if (typeof said["name"] !== "string" || typeof said["model"] !== "string") {
    return { mistake: "An endpoint needs a name and a model, both texts." };
  }
  return { draft: { ...said, name: said["name"], model: said["model"] } };
}

/** The value at a path of fields; undefined where there is none. */
export function at(draft: Draft, path: readonly string[]): unknown {
  let value: unknown = draft;
  for (const field of path) value = (value as Record<string, unknown> | null | undefined)?.[field];
  return value;
}

/** The text with another value at a path; undefined takes the field out, and what is empty then. */
export function withValue(draft: Draft, path: readonly string[], value: unknown): string {
  return JSON.stringify(put(draft, path, value), null, 2);
}

function put(place: Record<string, unknown>, [field, ...rest]: readonly string[], value: unknown): object {
  if (field === undefined) return place;
  const inner = rest.length > 0 ? put((place[field] ?? {}) as Record<string, unknown>, rest, value) : value;
  const isNothing = inner === undefined || (rest.length > 0 && Object.keys(inner as object).length === 0);
  const kept = Object.fromEntries(Object.entries(place).filter(([other]) => other !== field || !isNothing));
  return isNothing ? kept : { ...kept, [field]: inner };
}
