/** What the addresses of the evaluations' pages say. */
import { given, oneOf, textIn } from "~/shared/search";

export const ORDERS = ["disagreement", "worst", "record"] as const;
export type Order = (typeof ORDERS)[number];
export const OUTCOMES = ["better", "worse", "tied", "missing", "failed", "judged", "unjudged", "contradicted"] as const;
export type Outcome = (typeof OUTCOMES)[number];
/** The lowest rating that counts as good. */
export const GOOD_FROM = ["2", "3", "4", "5"] as const;
export const CONFIDENCES = ["0.9", "0.95", "0.99"] as const;

/** `q`: text in the names; `data`: the digest of the data; `base`: what others are compared with; `after`: the page. */
export function evaluationsSearch(search: Record<string, unknown>) {
  return given({
    q: textIn(search["q"]),
    data: textIn(search["data"]),
    base: textIn(search["base"]),
    after: textIn(search["after"]),
  });
}

/**
 * `a`, `b`: the variants compared (those that the server takes first); `with`: the run of another evaluation that `a`
 * is of; `confidence` (0.95); `spread`: the score whose distribution is shown (the first); `order` of the rows
 * (disagreement); `score`: what order and outcome look at; `outcome`: only such rows; `all`: rows that do not differ
 * too; `question`: what people were asked, of rows that they judged (any); `good`: the lowest rating that counts as good
 * (4); `q`: text in rows; `at`: the row that is open, counted from 0; `side`: the answer that is
 * rated (b); `diff`: whether the words that differ are shown.
 */
export function evaluationSearch(search: Record<string, unknown>) {
  return given({
    a: textIn(search["a"]),
    b: textIn(search["b"]),
    with: textIn(search["with"]),
    confidence: oneOf(textIn(search["confidence"]), CONFIDENCES),
    spread: textIn(search["spread"]),
    order: oneOf(search["order"], ORDERS),
    score: textIn(search["score"]),
    outcome: oneOf(search["outcome"], OUTCOMES),
    all: search["all"] === true ? true : undefined,
    question: textIn(search["question"]),
    good: oneOf(textIn(search["good"]), GOOD_FROM),
    q: textIn(search["q"]),
    at: placeIn(search["at"]),
    side: oneOf(search["side"], ["a", "b"] as const),
    diff: search["diff"] === true ? true : undefined,
  });
}

export type EvaluationSearch = ReturnType<typeof evaluationSearch>;

/** A place in a list, counted from 0. */
export function placeIn(value: unknown): number | undefined {
  const place = typeof value === "string" ? Number(value) : value;
  return typeof place === "number" && Number.isSafeInteger(place) && place >= 0 ? place : undefined;
}
