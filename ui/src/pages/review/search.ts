/** What the addresses of the review pages say. */
import { given, oneOf, textIn } from "~/shared/search";

const OUTCOMES = ["better", "worse", "tied", "missing", "failed", "judged", "unjudged", "contradicted"] as const;

/**
 * `from`: the run of an evaluation that a new queue is made of, with its variants `a` and `b`, and the rows that were
 * looked at there (`order`, `score`, `outcome`, `differing`, `q`); `after`: the page.
 */
export function reviewsSearch(search: Record<string, unknown>) {
  return given({
    from: textIn(search["from"]),
    a: textIn(search["a"]),
    b: textIn(search["b"]),
    order: oneOf(search["order"], ["disagreement", "worst", "record"] as const),
    score: textIn(search["score"]),
    outcome: oneOf(search["outcome"], OUTCOMES),
    differing: search["differing"] === true ? true : undefined,
    question: textIn(search["question"]),
    good: oneOf(textIn(search["good"]), ["2", "3", "4", "5"] as const),
    q: textIn(search["q"]),
    after: textIn(search["after"]),
  });
}

export type ReviewsSearch = ReturnType<typeof reviewsSearch>;

/** `view`: what is shown (the next item); `question`: whose agreement is shown (the first). */
export function reviewSearch(search: Record<string, unknown>) {
  return given({
    view: oneOf(search["view"], ["agreement"] as const),
    question: textIn(search["question"]),
  });
}
