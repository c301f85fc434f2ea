import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";

/** Makes an experiment; `made` is told its id. */
export function NewExperiment({ made }: { made: (id: string) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>();
  const make = async () => {
    setError(undefined);
    try {
      const answer = await api.POST("/api/2.0/mlflow/experiments/create", { body: { name: name.trim() } });
      await queries.invalidateQueries({ queryKey: ["experiments"] });
      setName("");
      made(answer.experiment_id);
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <div className="row">
        <input
          className="grow"
          aria-label="Name of a new experiment"
          placeholder="New experiment"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" disabled={!name.trim()}>
          Create
        </Button>
      </div>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}
