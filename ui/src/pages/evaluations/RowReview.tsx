import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";

import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count } from "~/shared/quantities";
import { given } from "~/shared/search";
import { useShortcuts } from "~/shared/shortcuts";

import type { Evaluation } from "./queries";
import { rowQuery } from "./queries";
import { evaluationRoute } from "./routes";
import { RowContent } from "./RowContent";
import css from "./RowReview.module.css";
import { useRows } from "./useRows";

/** One row, opened from the list: next and previous by keys, both answers side by side, and what people say of them. */
export function RowReview({ evaluation, at, compares }: { evaluation: Evaluation; at: number; compares: boolean }) {
  const runId = evaluation.summary.run_id;
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const cache = useQueryClient();
  const { total, row, seen, loaded, error, again } = useRows(runId, compares);
  useEffect(() => seen(at, at + 1), [seen, at]);
  const index = row(at)?.index;
  const after = row(at + 1)?.index;
  const found = useQuery({ ...rowQuery(runId, search, index ?? 0), enabled: index !== undefined });
  useEffect(() => {
    if (after !== undefined) cache.query(rowQuery(runId, search, after)).catch(() => undefined);
  }, [cache, runId, search, after]);
  const go = useCallback(
    (to: number | undefined) =>
      void navigate({ search: (old) => given({ ...old, at: to }), replace: to !== undefined, resetScroll: true }),
    [navigate],
  );
  useShortcuts(
    useMemo(() => {
      const next = () => go(Math.min(at + 1, Math.max(total - 1, 0)));
      const before = () => go(Math.max(at - 1, 0));
      return [
        { keys: "j", does: "Next row", run: next },
        { keys: "k", does: "Previous row", run: before },
        { keys: "Escape", does: "Back to the rows", run: () => go(undefined) },
      ];
    }, [go, at, total]),
    "Row",
  );
  const failed = error ?? found.error;
  return (
    <section className="stack" aria-label="Row">
      <div className={css.bar}>
        <Button onClick={() => go(undefined)}>Back to the rows</Button>
        <span className="grow" role="status">
          {loaded && total > 0 ? `${count(at + 1)} of ${count(total)}` : ""}
          {index !== undefined && <span className="muted small"> record {count(index + 1)}</span>}
        </span>
        <Button onClick={() => go(at - 1)} disabled={at === 0} title="Previous (k)">
          Previous
        </Button>
        <Button onClick={() => go(at + 1)} disabled={at >= total - 1} title="Next (j)">
          Next
        </Button>
      </div>
      {failed && <Failure error={failed} again={() => void (error ? again() : found.refetch())} />}
      {loaded && at >= total && <p className="muted">There is no such row: the filter leaves {count(total)}.</p>}
      {!found.data && !failed && at < Math.max(total, 1) && <Loading what="the row" />}
      {found.data && index !== undefined && <RowContent key={index} runId={runId} row={found.data} />}
    </section>
  );
}
