import { useState } from "react";

import { api } from "~/api/client";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { Select } from "~/shared/Select";

import css from "./parts.module.css";
import type { Report } from "./queries";

type Props = { told: Report; close: () => void; done: (said: string) => Promise<void> };

/** Lets another arm join the trial. */
export function AddArm({ told, close, done }: Props) {
  const [name, setName] = useState("");
  const [model, setModel] = useState("");
  const [share, setShare] = useState("");
  const isPrompt = told.subject_kind === "prompt";
  return (
    <ReasonDialog
      title="Let another arm join"
      act="Add"
      open
      close={close}
      run={async (reason) => {
        await api.POST("/api/quire/v1/trials/{trial_id}/add-arm", {
          params: { path: { trial_id: told.report.trial.trial_id } },
          body: { reason, name: name.trim(), model: model.trim(), ...(share && { share: Number(share) / 100 }) },
        });
        await done(`${name} joins in some seconds`);
      }}
    >
      <div className={css.fields}>
        <label>
          Name
          <input required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          {isPrompt ? "Version" : "Model"}
          <input
            required
            value={model}
            placeholder={isPrompt ? "3" : `models:/${told.subject_name}/3`}
            onChange={(event) => setModel(event.target.value)}
          />
        </label>
        <label>
          Share in percent
          <input
            type="number"
            min={1}
            max={99}
            value={share}
            placeholder="as the others"
            onChange={(event) => setShare(event.target.value)}
          />
        </label>
      </div>
    </ReasonDialog>
  );
}

/** Takes a challenger out of the trial. */
export function RemoveArm({ told, close, done }: Props) {
  const challengers = told.arms.filter((arm) => !arm.control && !arm.removed);
  const [name, setName] = useState(challengers[0]?.name ?? "");
  return (
    <ReasonDialog
      title="Take an arm out"
      act="Take it out"
      danger
      open
      close={close}
      run={async (reason) => {
        await api.POST("/api/quire/v1/trials/{trial_id}/remove-arm", {
          params: { path: { trial_id: told.report.trial.trial_id } },
          body: { reason, name },
        });
        await done(`${name} has left the trial`);
      }}
    >
      <label className="row">
        Arm
        <Select value={name} onChange={(event) => setName(event.target.value)}>
          {challengers.map((arm) => (
            <option key={arm.name}>{arm.name}</option>
          ))}
        </Select>
      </label>
      <p>Its keys go to the other arms. It cannot come back under this name.</p>
    </ReasonDialog>
  );
}
