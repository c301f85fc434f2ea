import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { ReasonDialog } from "~/shared/ReasonDialog";

import type { Run } from "../queries";

/** Delete a run, or restore it. The reason is kept as a tag. */
export function RunActions({ run }: { run: Run }) {
  const queries = useQueryClient();
  const [asked, ask] = useState(false);
  const deleted = run.info.lifecycle_stage === "deleted";
  const act = deleted ? "Restore" : "Delete";
  const run_id = run.info.run_id;
  const change = async (reason: string) => {
    if (deleted) await api.POST("/api/2.0/mlflow/runs/restore", { body: { run_id } });
    const key = deleted ? "quire.restoration.reason" : "quire.deletion.reason";
    await api.POST("/api/2.0/mlflow/runs/set-tag", { body: { run_id, key, value: reason } });
    if (!deleted) await api.POST("/api/2.0/mlflow/runs/delete", { body: { run_id } });
    await queries.invalidateQueries({ queryKey: ["runs"] });
  };
  return (
    <>
      <Button look={deleted ? "plain" : "danger"} onClick={() => ask(true)}>
        {act}
      </Button>
      <ReasonDialog
        title={`${act} the run ${run.info.run_name}`}
        act={act}
        danger={!deleted}
        open={asked}
        close={() => ask(false)}
        run={change}
      >
        {!deleted && <p>A deleted run is kept and can be restored.</p>}
      </ReasonDialog>
    </>
  );
}
