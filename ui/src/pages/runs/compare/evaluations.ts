/** Which of the compared runs are evaluated, and how the server is asked to compare two of them. */
import type { RunFacts } from "../queries";

export type Side = { index: number; evaluation: string; variant: string };

/** The runs that belong to evaluations, with their places. */
export function evaluatedOf(facts: readonly RunFacts[]): Side[] {
  return facts.flatMap(({ evaluation_id, variant }, index) =>
    evaluation_id ? [{ index, evaluation: evaluation_id, variant: variant ?? "" }] : [],
  );
}

/** The run and the query of a call that compares `b` with `a`; what is not named the server chooses. */
export function pairOf(a: Side, b: Side) {
  return {
    run_id: b.evaluation,
    query: {
      ...(a.variant && { a: a.variant }),
      ...(b.variant && { b: b.variant }),
      ...(a.evaluation !== b.evaluation && { a_run: a.evaluation }),
    },
  };
}
