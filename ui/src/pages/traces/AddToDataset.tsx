import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";
import { count } from "~/shared/quantities";
import { useToast } from "~/shared/Toasts";
import { Select } from "~/shared/Select";

type Props = {
  traceIds: readonly string[];
  /** The experiments that a new dataset is seen in. */
  experiments: readonly string[];
  open: boolean;
  close: () => void;
};

const NEW = "";

/** Makes records of traces: inputs and outputs of the root, and the trace's expectations. */
export function AddToDataset(props: Props) {
  const { traceIds, open, close } = props;
  const what = traceIds.length === 1 ? "the trace" : `${count(traceIds.length)} traces`;
  return (
    <Modal title={`Add ${what} to a dataset`} open={open} close={close}>
      <Form {...props} />
    </Modal>
  );
}

function Form({ traceIds, experiments, close }: Props) {
  const queries = useQueryClient();
  const say = useToast();
  const found = useQuery({
    queryKey: ["datasets", "names"],
    queryFn: ({ signal }) =>
      api.POST("/api/3.0/mlflow/datasets/search", {
        body: { max_results: 500, order_by: ["last_update_time DESC"] },
        signal,
      }),
  });
  const [chosen, setChosen] = useState(NEW);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const datasets = found.data?.datasets ?? [];
  const add = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const id = chosen === NEW ? await made(name.trim(), experiments) : chosen;
      setChosen(id);
      await queries.invalidateQueries({ queryKey: ["datasets"] });
      const now = await api.POST("/api/quire/v1/datasets/{dataset_id}/traces", {
        params: { path: { dataset_id: id } },
        body: { trace_ids: [...traceIds] },
      });
      await queries.invalidateQueries({ queryKey: ["datasets"] });
      say(`The dataset has ${count(now.records)} records now, as version ${now.version ?? "–"}`);
      close();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <p className="muted small">
        A record holds what went into the root span, what came out, and the expectations of the trace. A record with the
        same inputs is changed.
      </p>
      <label className="stack">
        Dataset
        <Select value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value={NEW}>a new one</option>
          {datasets.map((dataset) => (
            <option key={dataset.dataset_id} value={dataset.dataset_id}>
              {dataset.name}
            </option>
          ))}
        </Select>
      </label>
      {chosen === NEW && (
        <label className="stack">
          Name of the new dataset
          <input required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={busy || (chosen === NEW && !name.trim())}>
          Add
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}

async function made(name: string, experiments: readonly string[]): Promise<string> {
  const answer = await api.POST("/api/3.0/mlflow/datasets/create", {
    body: { name, experiment_ids: [...new Set(experiments)] },
  });
  return answer.dataset.dataset_id;
}
