import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { ReasonDialog } from "~/shared/ReasonDialog";

import type { Overview } from "./queries";
import { ArmFields } from "./TrialArmFields";
import { MetricFields, RuleFields, TrafficFields } from "./TrialFields";
import { emptyForm, mistakeOf, requestOf } from "./trialForm";

/** Starts a trial on an endpoint; the server says what does not hold together. */
export function StartTrialDialog({ overview, close }: { overview: Overview; close: () => void }) {
  const [form, setForm] = useState(() => emptyForm(overview.endpoint.model));
  const queries = useQueryClient();
  const navigate = useNavigate();
  const mistake = mistakeOf(form);
  const props = { form, change: (part: Partial<typeof form>) => setForm({ ...form, ...part }) };
  return (
    <ReasonDialog
      title={`Start a trial on ${overview.endpoint.name}`}
      act="Start"
      open
      close={close}
      run={async (reason) => {
        if (mistake !== undefined) throw new Error(mistake);
        const body = requestOf(form, overview.endpoint.name, reason);
        const { trial } = await api.POST("/api/quire/v1/trials/start", { body });
        void queries.invalidateQueries({ queryKey: ["endpoints"] });
        void queries.invalidateQueries({ queryKey: ["trials"] });
        await navigate({ to: "/trials/$trialId", params: { trialId: trial.trial_id } });
      }}
    >
      <ArmFields {...props} model={overview.registered_model ?? ""} />
      <MetricFields {...props} />
      <RuleFields {...props} />
      <TrafficFields {...props} />
      {mistake !== undefined && <p role="alert">{mistake}</p>}
    </ReasonDialog>
  );
}
