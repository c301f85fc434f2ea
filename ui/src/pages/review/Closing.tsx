import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { may, useMe } from "~/shared/me";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { LongText } from "~/shared/text/LongText";

import type { Review } from "./queries";

type Props = {
  queue: Review;
  /** Whether an open queue can be closed here. */
  offers: boolean;
};

/** Says that a queue is closed, and why; closes it, and opens it again. */
export function Closing({ queue, offers }: Props) {
  const cache = useQueryClient();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const isClosed = queue.status === "FINISHED";
  const isAllowed = may(me, "editor", "experiment", queue.experiment_id);
  if (!isClosed && !(offers && isAllowed)) return null;
  const run = async (reason: string) => {
    const asked = { params: { path: { queue_id: queue.queue_id } }, body: { reason } };
    if (isClosed) await api.POST("/api/quire/v1/reviews/{queue_id}/reopen", asked);
    else await api.POST("/api/quire/v1/reviews/{queue_id}/close", asked);
    await cache.invalidateQueries({ queryKey: ["reviews"] });
  };
  return (
    <div className={isClosed ? "card stack" : "row"}>
      {isClosed && <h2>This queue is closed</h2>}
      {isClosed && queue.reason && <LongText text={queue.reason} />}
      {isAllowed && (
        <div className="row">
          <Button onClick={() => setAsking(true)}>{isClosed ? "Open it again" : "Close the queue"}</Button>
        </div>
      )}
      <ReasonDialog
        title={isClosed ? `Open “${queue.name}” again` : `Close “${queue.name}”`}
        act={isClosed ? "Open" : "Close"}
        open={asking}
        close={() => setAsking(false)}
        run={run}
      >
        <p>
          {isClosed
            ? "Its items are handed out again."
            : "It hands out no more items. What was answered stays, and it can be opened again."}
        </p>
      </ReasonDialog>
    </div>
  );
}
