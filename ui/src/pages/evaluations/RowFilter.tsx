import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import { given, oneOf } from "~/shared/search";
import { SearchBox } from "~/shared/SearchBox";
import { Select } from "~/shared/Select";

import type { Evaluation } from "./queries";
import { evaluationRoute } from "./routes";
import { type EvaluationSearch, ORDERS, OUTCOMES } from "./search";

const ORDER_WORDS = { disagreement: "Largest disagreement", worst: "Worst first", record: "As in the data" };
const OUTCOME_WORDS = {
  better: "Better than the baseline",
  worse: "Worse than the baseline",
  tied: "Equal",
  missing: "Without a score",
  failed: "Failed",
  judged: "Judged by people",
  unjudged: "Not judged by people",
  contradicted: "People say otherwise",
};
const OF_ONE = ["missing", "failed", "judged", "unjudged", "contradicted"] as const;

/** Which rows are shown, in which order. */
export function RowFilter({ evaluation, compares }: { evaluation: Evaluation; compares: boolean }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const change = useCallback(
    (next: { [K in keyof EvaluationSearch]?: EvaluationSearch[K] | undefined }) => {
      void navigate({
        search: (old) => given({ ...old, ...next, at: undefined }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const seek = useCallback((text: string) => change({ q: text || undefined }), [change]);
  const scores = evaluation.scores.filter((score) => score.kind !== "text" && score.means.length > 0);
  const orders = compares ? ORDERS : ORDERS.filter((order) => order !== "disagreement");
  const outcomes = compares ? OUTCOMES : OF_ONE;
  return (
    <div className="row">
      <label className="row">
        Order
        <Select
          value={search.order ?? (compares ? "disagreement" : "record")}
          onChange={({ target }) => change({ order: oneOf(target.value, ORDERS) })}
        >
          {orders.map((order) => (
            <option key={order} value={order}>
              {ORDER_WORDS[order]}
            </option>
          ))}
        </Select>
      </label>
      <label className="row">
        By
        <Select value={search.score ?? ""} onChange={({ target }) => change({ score: target.value || undefined })}>
          <option value="">{compares ? "all scores" : "the first score"}</option>
          {scores.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </label>
      <label className="row">
        Show
        <Select
          value={search.outcome ?? (search.all || !compares ? "all" : "differing")}
          onChange={({ target }) => {
            const outcome = oneOf(target.value, OUTCOMES);
            const all = target.value === "all" && compares ? true : undefined;
            change({ outcome, all, question: undefined });
          }}
        >
          {compares && <option value="differing">Only rows that differ</option>}
          <option value="all">All rows</option>
          {outcomes.map((outcome) => (
            <option key={outcome} value={outcome}>
              {OUTCOME_WORDS[outcome]}
            </option>
          ))}
        </Select>
      </label>
      <SearchBox label="Search in rows" value={search.q ?? ""} seek={seek} />
    </div>
  );
}
