/** The playground's address: with which bases it begins, small values, which variant a narrow window shows. */
export type Search = {
  /** URIs of prompt and model versions, in order; "" for a variant without one. */
  bases: string[];
  /** Values of variables, as long as they are few and short. */
  values: Record<string, string>;
  /** The variant that a narrow window shows, from 0. */
  shown: number;
  /** Whether answers are compared word by word with that of the first variant. */
  differences: boolean;
  /** The id of the experiment that has the traces and evaluations; "" for the playground's own. */
  experiment: string;
  /** Whether answers are traced. */
  trace: boolean;
};

const MOST_BASES = 4;
const MOST_CHARACTERS = 1500;

export function readSearch(search: Record<string, unknown>): Search {
  const { bases, base, values, shown, differences, experiment, trace } = search;
  const given = Array.isArray(bases) ? bases : typeof bases === "string" ? [bases] : base === undefined ? [] : [base];
  return {
    bases: given.filter((item): item is string => typeof item === "string").slice(0, MOST_BASES),
    values: texts(values),
    shown: typeof shown === "number" && shown >= 0 && shown < MOST_BASES ? Math.floor(shown) : 0,
    differences: differences === true,
    // An id is digits, which the address may hold as a number.
    experiment: typeof experiment === "string" || typeof experiment === "number" ? String(experiment) : "",
    trace: trace !== false,
  };
}

function texts(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return {};
  const pairs = Object.entries(given).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(pairs);
}

/** The values that the address can hold: none if they are long. */
export function shortValues(values: Record<string, string>): Record<string, string> {
  const said = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  return JSON.stringify(said).length <= MOST_CHARACTERS ? said : {};
}
