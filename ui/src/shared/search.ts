/** Reading the parameters of an address: what is not as expected is left out, so that its default holds. */

/** Text that is not empty. */
export function textIn(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A whole number from 1 on, such as that of a version. */
export function numberIn(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** One of a few words. */
export function oneOf<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === value);
}

/** The fields that have a value: an address names no others. */
export function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** A filter of the registry that finds a text in names, in any case. */
export function nameFilter(text: string): string {
  return text.trim() === "" ? "" : `name ILIKE '%${text.trim().replaceAll("'", "''")}%'`;
}
