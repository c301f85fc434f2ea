/** The server's entities by their short names; their fields come from its OpenAPI document. */
import type { components } from "./schema";

export type Schemas = components["schemas"];
export type Experiment = Schemas["Experiment"];

/** A number of the wire: NaN and the infinities are words. */
export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A number of the wire as a number. */
export function toNumber(value: string | number | undefined | null): number {
  return value === undefined || value === null ? Number.NaN : Number(value);
}
