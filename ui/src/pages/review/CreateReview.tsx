import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { asked, type Draft, emptyDraft } from "~/shared/review/draft";
import { QueueFields } from "~/shared/review/QueueFields";
import { given } from "~/shared/search";

import { evaluationQuery } from "./queries";
import { reviewRoute } from "./routes";

/** A new queue of an evaluation's answers: which, what is asked, of whom. */
export function CreateReview({ runId }: { runId: string }) {
  const search = reviewRoute.useSearch();
  const navigate = useNavigate({ from: reviewRoute.fullPath });
  const cache = useQueryClient();
  const evaluation = useQuery(evaluationQuery(runId));
  const [changed, setChanged] = useState<Partial<Draft>>({});
  const [most, setMost] = useState("100");
  const { mutate, error, isPending } = useMutation({
    mutationFn: (draft: Draft) =>
      api.POST("/api/quire/v1/reviews", {
        body: {
          ...asked(draft),
          run_id: runId,
          most: Number(most),
          ...given({
            differing: search.differing,
            a: search.a ?? evaluation.data?.a ?? undefined,
            b: search.b ?? evaluation.data?.b ?? undefined,
            order: search.order,
            score: search.score,
            outcome: search.outcome,
            question: search.question,
            good_from: search.good === undefined ? undefined : Number(search.good),
            text: search.q,
          }),
        },
      }),
    onSuccess: async (made) => {
      await cache.invalidateQueries({ queryKey: ["reviews"] });
      await navigate({ to: "/review/$queueId", params: { queueId: made.queue.queue_id } });
    },
  });
  if (evaluation.error) return <Failure error={evaluation.error} again={() => void evaluation.refetch()} />;
  if (!evaluation.data) return <Loading what="the evaluation" />;
  const canPair = evaluation.data.variants.length > 1;
  const draft: Draft = { ...emptyDraft(`Review of ${evaluation.data.summary.name}`, canPair), ...changed };
  const [a, b] = [search.a ?? evaluation.data.a ?? "", search.b ?? evaluation.data.b ?? ""];
  return (
    <form
      className="card stack"
      aria-label="New review queue"
      onSubmit={(event) => {
        event.preventDefault();
        mutate(draft);
      }}
    >
      <h2>Review “{evaluation.data.summary.name}” by people</h2>
      <QueueFields
        draft={draft}
        change={(next) => setChanged((old) => ({ ...old, ...next }))}
        single={`Single answers of ${b}`}
        pairs={
          canPair ? `Pairs: which of two answers is better (${a} and ${b}, sides drawn for each person)` : undefined
        }
      >
        <label className="stack">
          Most records
          <input
            type="number"
            min={1}
            max={10000}
            required
            value={most}
            onChange={({ target }) => setMost(target.value)}
          />
        </label>
      </QueueFields>
      {error && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={isPending}>
          {isPending ? "…" : "Make the queue"}
        </Button>
        <Button onClick={() => void navigate({ search: {} })}>Cancel</Button>
      </div>
    </form>
  );
}
