import { useState } from "react";

import { api } from "~/api/client";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { Select } from "~/shared/Select";

import type { Report } from "./queries";

type Props = { told: Report; close: () => void; done: (said: string) => Promise<void> };

/** Promotes the winner; or, said plainly, an arm that is not shown best. */
export function PromoteDialog({ told, close, done }: Props) {
  const { report, serving } = told;
  const challengers = told.arms.filter((arm) => !arm.control);
  const winner = report.decision?.kind === "won" ? report.decision.winner : undefined;
  const [arm, setArm] = useState(winner ?? challengers[0]?.name ?? "");
  const forced = arm !== winner;
  const model = challengers.find((one) => one.name === arm)?.model ?? "";
  return (
    <ReasonDialog
      title={`Promote ${arm}`}
      act={forced ? "Promote without evidence" : "Promote"}
      danger={forced}
      open
      close={close}
      run={async (reason) => {
        await api.POST("/api/quire/v1/trials/{trial_id}/promote", {
          params: { path: { trial_id: report.trial.trial_id } },
          body: { reason, arm, force: forced },
        });
        await done(`${arm} is promoted`);
      }}
    >
      <label className="row">
        Arm
        <Select value={arm} onChange={(event) => setArm(event.target.value)}>
          {challengers.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </label>
      <p>
        {serving.alias || "What serves"} moves to <code>{model}</code> for everybody, and the trial ends. It can be
        rolled back.
      </p>
      {forced && (
        <p role="alert">
          <strong>It is not shown best.</strong> {report.sentence} The record will say that it was forced.
        </p>
      )}
    </ReasonDialog>
  );
}
