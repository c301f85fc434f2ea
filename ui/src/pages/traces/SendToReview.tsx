import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";
import { may, useMe } from "~/shared/me";
import { Modal } from "~/shared/Modal";
import { count } from "~/shared/quantities";
import { asked, type Draft, emptyDraft } from "~/shared/review/draft";
import { QueueFields } from "~/shared/review/QueueFields";
import { Select } from "~/shared/Select";

type Props = {
  traceIds: readonly string[];
  /** The experiments of the traces: a new queue belongs to one of them. */
  experiments: readonly string[];
  open: boolean;
  close: () => void;
};

type Sent = { queueId: string; name: string; added: number; already: number; unanswered: number };

const NEW = "";

/** Has people review traces: in a new queue, or in one that there is. */
export function SendToReview(props: Props) {
  const { traceIds, open, close } = props;
  const what = traceIds.length === 1 ? "the trace" : `${count(traceIds.length)} traces`;
  return (
    <Modal title={`Send ${what} to review`} open={open} close={close}>
      <Form {...props} />
    </Modal>
  );
}

function Form({ traceIds, experiments, close }: Props) {
  const cache = useQueryClient();
  const queues = useOpenQueues();
  const [chosen, setChosen] = useState(NEW);
  const [place, setPlace] = useState(experiments[0] ?? "0");
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(""));
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: (): Promise<Sent> => (chosen === NEW ? made(draft, place, traceIds) : added(chosen, traceIds)),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["reviews"] }),
  });
  if (data) return <Done sent={data} close={close} />;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <label className="stack">
        Queue
        <Select value={chosen} onChange={({ target }) => setChosen(target.value)}>
          <option value={NEW}>a new one</option>
          {queues.data?.map((queue) => (
            <option key={queue.queue_id} value={queue.queue_id}>
              {queue.name}
              {queue.pairs && " (pairs)"}
            </option>
          ))}
        </Select>
      </label>
      {queues.error && <Failure error={queues.error} again={() => void queues.refetch()} />}
      {chosen === NEW && (
        <>
          <QueueFields
            draft={draft}
            change={(next) => setDraft((before) => ({ ...before, ...next }))}
            single="Single answers: that of each trace"
            pairs={traceIds.length > 1 ? "Pairs: two models’ answers to the same messages" : undefined}
          />
          {experiments.length > 1 && <Place experiments={experiments} value={place} choose={setPlace} />}
        </>
      )}
      {error && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={isPending}>
          {isPending ? "…" : chosen === NEW ? "Make the queue" : "Add to the queue"}
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}

/** Queues that take more, of experiments in which one may change something. */
function useOpenQueues() {
  const me = useMe();
  return useQuery({
    queryKey: ["reviews", "names"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/reviews", { params: { query: { limit: 500 } }, signal }),
    select: ({ queues }) =>
      queues.filter(({ status, experiment_id: id }) => status !== "FINISHED" && may(me, "editor", "experiment", id)),
  });
}

type PlaceProps = { experiments: readonly string[]; value: string; choose: (id: string) => void };

/** The experiment that a new queue belongs to. */
function Place({ experiments, value, choose }: PlaceProps) {
  const known = useExperiments().data ?? [];
  return (
    <label className="stack">
      Experiment of the queue
      <Select value={value} onChange={({ target }) => choose(target.value)}>
        {experiments.map((id) => (
          <option key={id} value={id}>
            {known.find((one) => one.experiment_id === id)?.name ?? id}
          </option>
        ))}
      </Select>
    </label>
  );
}

async function made(draft: Draft, experiment: string, traceIds: readonly string[]): Promise<Sent> {
  const { queue, ...sent } = await api.POST("/api/quire/v1/reviews", {
    body: { ...asked(draft), experiment_id: experiment, trace_ids: [...traceIds] },
  });
  return { ...sent, queueId: queue.queue_id, name: queue.name, already: 0 };
}

async function added(queueId: string, traceIds: readonly string[]): Promise<Sent> {
  const { queue, ...sent } = await api.POST("/api/quire/v1/reviews/{queue_id}/items", {
    params: { path: { queue_id: queueId } },
    body: { trace_ids: [...traceIds] },
  });
  return { ...sent, queueId, name: queue.name };
}

function Done({ sent, close }: { sent: Sent; close: () => void }) {
  const { added: now, already, unanswered } = sent;
  return (
    <div className="stack">
      <p role="status">
        {count(now)} {now === 1 ? "item was" : "items were"} added to “{sent.name}”.
        {already > 0 && ` ${count(already)} ${already === 1 ? "was" : "were"} there already.`}
        {unanswered > 0 &&
          ` ${count(unanswered)} had no answer, or none to be compared with, and ${unanswered === 1 ? "was" : "were"} left out.`}
      </p>
      <div className="row">
        <Link to="/review/$queueId" params={{ queueId: sent.queueId }}>
          Open the queue
        </Link>
        <Button onClick={close}>Close</Button>
      </div>
    </div>
  );
}
