import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";
import { plain } from "~/shared/text/plain";

import type { Assessment } from "./assessments";
import { useAnew } from "./useTraces";

type Props = { traceId: string; item: Assessment; open: boolean; close: () => void };

/** Asks before an assessment is deleted. */
export function DeleteAssessment({ traceId, item, open, close }: Props) {
  const [error, setError] = useState<unknown>();
  const anew = useAnew();
  const remove = async () => {
    try {
      await api.DELETE("/api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}", {
        params: { path: { trace_id: traceId, assessment_id: item.assessment_id ?? "" } },
      });
      close();
      anew();
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <Modal title={`Delete the assessment ${plain(item.assessment_name ?? "")}`} open={open} close={close}>
      <p>One that it replaced holds again. To replace it instead, and keep it in the history, change it.</p>
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button look="danger" onClick={() => void remove()}>
          Delete
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </Modal>
  );
}
