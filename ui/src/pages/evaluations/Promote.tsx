import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Code } from "~/shared/Code";
import { may, useMe } from "~/shared/me";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import type { Comparison, Evaluation } from "./queries";

type Props = { evaluation: Evaluation; comparison: Comparison };

/**
 * Moves an alias to the variant, with this evaluation as evidence: the gate asks that its deciding score is better than
 * what the alias points to, and a refusal says why. Only for versions of registered models.
 */
export function Promote({ evaluation, comparison }: Props) {
  const [open, setOpen] = useState(false);
  const [alias, setAlias] = useState("champion");
  const cache = useQueryClient();
  const say = useToast();
  const me = useMe();
  const variant = evaluation.variants.find((one) => one.name === comparison.b);
  const score = comparison.differences.find((one) => one.primary)?.score;
  const [name, version] = [variant?.registered_name, variant?.registered_version];
  if (!name || !version || !score) return null;
  const runId = evaluation.summary.run_id;
  const command = `quire.promote("models:/${name}/${version}", quire.gate("${score}", "@${alias}"), "${runId}", alias="${alias}")`;
  const run = async (reason: string) => {
    const moved = await api.POST("/api/quire/v1/evaluations/{run_id}/promote", {
      params: { path: { run_id: runId } },
      body: { name, version, score, alias, reason, confidence: Number(comparison.confidence) },
    });
    await cache.invalidateQueries({ queryKey: ["models"] });
    say(`models:/${moved.name}@${moved.alias} is version ${moved.new} now`);
  };
  const allowed = may(me, "editor", "registered_model", name);
  return (
    <div className="row">
      <Button onClick={() => setOpen(true)} disabled={!allowed}>
        Promote {name} version {version}
      </Button>
      {me && !allowed && <span className="small muted">This needs the role editor on the model {name}.</span>}
      <ReasonDialog
        title={`Move an alias of ${name} to version ${version}`}
        act="Promote"
        open={open}
        close={() => setOpen(false)}
        run={run}
      >
        <label className="stack">
          Alias
          <input required value={alias} onChange={({ target }) => setAlias(target.value)} />
        </label>
        <p className="small">
          The alias moves if this evaluation shows that {score} is better than that of the version it points to now, at{" "}
          {Math.round(100 * Number(comparison.confidence))} % confidence.
        </p>
        <Code text={command} what="command" />
      </ReasonDialog>
    </div>
  );
}
