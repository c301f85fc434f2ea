import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import type { Experiment } from "~/api/types";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

/** Rename or delete an experiment. The reason of a deletion is kept as a tag of it. */
export function ExperimentActions({ experiment, gone }: { experiment: Experiment; gone: () => void }) {
  const queries = useQueryClient();
  const say = useToast();
  const [asked, ask] = useState<"rename" | "delete">();
  const { experiment_id, name } = experiment;
  const changed = () => queries.invalidateQueries({ queryKey: ["experiments"] });
  const remove = async (reason: string) => {
    await api.POST("/api/2.0/mlflow/experiments/set-experiment-tag", {
      body: { experiment_id, key: "quire.deletion.reason", value: reason },
    });
    await api.POST("/api/2.0/mlflow/experiments/delete", { body: { experiment_id } });
    await changed();
    gone();
    say(`The experiment ${name} was deleted`);
  };
  return (
    <>
      <Button look="quiet" aria-label={`Rename ${name}`} onClick={() => ask("rename")}>
        Rename
      </Button>
      <Button look="quiet" aria-label={`Delete ${name}`} onClick={() => ask("delete")}>
        Delete
      </Button>
      <Modal title={`Rename ${name}`} open={asked === "rename"} close={() => ask(undefined)}>
        <Rename experiment={experiment} close={() => ask(undefined)} changed={changed} />
      </Modal>
      <ReasonDialog
        title={`Delete the experiment ${name}`}
        act="Delete"
        danger
        open={asked === "delete"}
        close={() => ask(undefined)}
        run={remove}
      >
        <p>Its runs are not shown any more. `quire experiments restore` brings it back.</p>
      </ReasonDialog>
    </>
  );
}

function Rename(props: { experiment: Experiment; close: () => void; changed: () => Promise<void> }) {
  const { experiment, close, changed } = props;
  const [name, setName] = useState(experiment.name);
  const [error, setError] = useState<unknown>();
  const rename = async () => {
    setError(undefined);
    try {
      const body = { experiment_id: experiment.experiment_id, new_name: name.trim() };
      await api.POST("/api/2.0/mlflow/experiments/update", { body });
      await changed();
      close();
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void rename();
      }}
    >
      <input aria-label="New name" value={name} onChange={(event) => setName(event.target.value)} />
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={!name.trim() || name.trim() === experiment.name}>
          Rename
        </Button>
      </div>
    </form>
  );
}
