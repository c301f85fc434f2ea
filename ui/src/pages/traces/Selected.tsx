import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { count } from "~/shared/quantities";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import { AddToDataset } from "./AddToDataset";
import { Downloads } from "./Downloads";
import { SendToReview } from "./SendToReview";
import { type TraceRow, useAnew } from "./useTraces";

type Props = { chosen: ReadonlySet<string>; rows: readonly TraceRow[]; clear: () => void };

/** What can be done with the chosen traces. */
export function Selected({ chosen, rows, clear }: Props) {
  const [adding, setAdding] = useState(false);
  const [reviewing, setReviewing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const ids = [...chosen];
  const experiments = [...byExperiment(rows, chosen).keys()];
  const anew = useAnew();
  const say = useToast();
  const remove = async (reason: string) => {
    for (const [experiment, ids] of byExperiment(rows, chosen)) {
      await api.POST("/api/3.0/mlflow/traces/delete-traces", {
        body: { experiment_id: experiment, request_ids: ids, reason },
      });
    }
    say(`${count(chosen.size)} traces were deleted`);
    clear();
    anew();
  };
  return (
    <div className="row" role="group" aria-label="Chosen traces">
      <strong>{count(chosen.size)} chosen</strong>
      <Button onClick={() => setAdding(true)}>Add to a dataset</Button>
      <Button onClick={() => setReviewing(true)}>Send to review</Button>
      <Downloads label="Download" traceIds={ids} />
      <Button look="danger" onClick={() => setDeleting(true)}>
        Delete
      </Button>
      <Button look="quiet" onClick={clear}>
        Choose none
      </Button>
      <AddToDataset traceIds={ids} experiments={experiments} open={adding} close={() => setAdding(false)} />
      <SendToReview traceIds={ids} experiments={experiments} open={reviewing} close={() => setReviewing(false)} />
      <ReasonDialog
        title={`Delete ${count(chosen.size)} ${chosen.size === 1 ? "trace" : "traces"}`}
        act="Delete"
        danger
        open={deleting}
        close={() => setDeleting(false)}
        run={remove}
      >
        <p>Their spans and assessments go too. This cannot be undone.</p>
      </ReasonDialog>
    </div>
  );
}

function byExperiment(rows: readonly TraceRow[], chosen: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { info } of rows) {
    if (!chosen.has(info.trace_id)) continue;
    const experiment = info.trace_location?.mlflow_experiment?.experiment_id ?? "";
    found.set(experiment, [...(found.get(experiment) ?? []), info.trace_id]);
  }
  return found;
}
