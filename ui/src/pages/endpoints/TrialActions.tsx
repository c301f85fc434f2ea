import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { useToast } from "~/shared/Toasts";

import { AddArm, RemoveArm } from "./ArmDialogs";
import { PromoteDialog } from "./PromoteDialog";
import { type Report, trialReport } from "./queries";
import { ReasonDialog } from "~/shared/ReasonDialog";

type Act = "pause" | "resume" | "stop" | "promote" | "add arm" | "remove arm";

const SIMPLE = {
  pause: {
    title: "Pause the trial",
    act: "Pause",
    done: "The trial is paused",
    what: "Everybody is served the control until it is resumed; nothing is counted meanwhile.",
  },
  resume: {
    title: "Resume the trial",
    act: "Resume",
    done: "The trial goes on",
    what: "Each key gets the arm again that it had.",
  },
  stop: {
    title: "Stop the trial",
    act: "Stop",
    done: "The trial has ended",
    what: "It ends without a winner and cannot go on. What was counted stays.",
  },
} as const;

/** What can be done about a trial in its state; each asks for a reason, which the record keeps. */
export function TrialActions({ told }: { told: Report }) {
  const [open, setOpen] = useState<Act>();
  const queries = useQueryClient();
  const say = useToast();
  const { trial } = told.report;
  const trialId = trial.trial_id;
  const close = () => setOpen(undefined);
  const done = async (said: string) => {
    await queries.invalidateQueries({ queryKey: trialReport(trialId).queryKey });
    void queries.invalidateQueries({ queryKey: ["trials"] });
    void queries.invalidateQueries({ queryKey: ["endpoints"] });
    say(said);
  };
  const simple = open === "pause" || open === "resume" || open === "stop" ? SIMPLE[open] : undefined;
  return (
    <>
      {possible(told).map((act) => (
        <Button
          key={act}
          look={act === "stop" ? "danger" : act === "promote" ? "primary" : "plain"}
          onClick={() => setOpen(act)}
        >
          {`${act[0]?.toUpperCase() ?? ""}${act.slice(1)} …`}
        </Button>
      ))}
      {simple && (
        <ReasonDialog
          title={simple.title}
          act={simple.act}
          danger={open === "stop"}
          open
          close={close}
          run={async (reason) => {
            const asked = { params: { path: { trial_id: trialId } }, body: { reason } };
            if (open === "pause") await api.POST("/api/quire/v1/trials/{trial_id}/pause", asked);
            else if (open === "resume") await api.POST("/api/quire/v1/trials/{trial_id}/resume", asked);
            else await api.POST("/api/quire/v1/trials/{trial_id}/stop", asked);
            await done(simple.done);
          }}
        >
          <p>{simple.what}</p>
        </ReasonDialog>
      )}
      {open === "promote" && <PromoteDialog told={told} close={close} done={done} />}
      {open === "add arm" && <AddArm told={told} close={close} done={done} />}
      {open === "remove arm" && <RemoveArm told={told} close={close} done={done} />}
    </>
  );
}

/** What a trial's state allows. */
function possible(told: Report): Act[] {
  const { trial, decision } = told.report;
  const challengers = told.arms.filter((arm) => !arm.control && !arm.removed).length;
  const grows = told.arms.length < (trial.spec.max_arms ?? trial.spec.arms.length);
  const arms: Act[] = [...(grows ? (["add arm"] as const) : []), ...(challengers > 1 ? (["remove arm"] as const) : [])];
  const isShadow = told.subject_kind === "shadow";
  switch (trial.state ?? "running") {
    case "running":
      return ["promote", "pause", ...(isShadow ? [] : arms), "stop"];
    case "paused":
      return ["resume", "promote", ...(isShadow ? [] : arms), "stop"];
    case "ended":
      return decision?.winner != null && decision.winner !== trial.spec.arms[0]?.name ? ["promote"] : [];
    default:
      return [];
  }
}
