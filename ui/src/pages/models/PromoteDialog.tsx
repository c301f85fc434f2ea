import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Code } from "~/shared/Code";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import { EvidenceChoice } from "./EvidenceChoice";
import { command, comparable, gateOf, NEW_GATE } from "./gate";
import { GateFields } from "./GateFields";
import css from "./Models.module.css";
import { evaluationQuery, evidenceQuery } from "./queries";

type Props = { name: string; version: string; close: () => void };

/** Points an alias at a version if evaluations show that it is better; the gate says why it does not. */
export function PromoteDialog({ name, version, close }: Props) {
  const [alias, setAlias] = useState("champion");
  const [picked, setPicked] = useState<{ alias: string; runs: readonly string[] }>();
  const [gate, setGate] = useState(NEW_GATE);
  const queries = useQueryClient();
  const say = useToast();
  const found = useQuery(evidenceQuery(name, version, alias.trim()));
  // What stands first when the list comes is chosen, and stays so if the list changes.
  if (found.data && picked?.alias !== alias) {
    const both = found.data.evaluations?.find(({ versions }) => versions.length > 1);
    setPicked({ alias, runs: both ? [both.run_id] : [] });
  }
  const runs = picked?.alias === alias ? picked.runs : [];
  const current = found.data?.current ?? undefined;
  const evaluation = useQuery({ ...evaluationQuery(runs[0] ?? ""), enabled: runs.length > 0 });
  const scores = comparable(evaluation.data?.scores ?? []);
  const score = gate.score || (evaluation.data?.primary[0] ?? scores[0]?.name ?? "");
  const promote = async (reason: string) => {
    const body = {
      name,
      version,
      alias: alias.trim(),
      reason,
      evidence: [...runs],
      ...(current !== undefined && gateOf(gate, score)),
    };
    const path = { name, version };
    const made = await api
      .POST("/api/quire/v1/models/{name}/versions/{version}/promote", { params: { path }, body })
      .finally(() => queries.invalidateQueries({ queryKey: ["models"] }));
    say(`@${made.promotion.alias} is version ${made.promotion.new} now`);
  };
  return (
    <ReasonDialog title={`Promote version ${version} of ${name}`} act="Promote" open close={close} run={promote}>
      <label className="stack">
        Alias
        <input required value={alias} onChange={(event) => setAlias(event.target.value)} />
      </label>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {!found.error && !found.data && <Loading what="evaluations" />}
      {found.data && current === undefined && (
        <p className="muted">@{alias} points nowhere yet: there is nothing to be better than, and nothing to show.</p>
      )}
      {found.data && current === version && (
        <p className="muted">
          @{alias} is at version {version} already.
        </p>
      )}
      {found.data && current !== undefined && current !== version && (
        <>
          <p className="muted">
            @{alias} is at version {current}. It moves if what follows holds, all of it.
          </p>
          <EvidenceChoice
            name={name}
            version={version}
            current={current}
            evaluations={found.data.evaluations ?? []}
            chosen={runs}
            choose={(next) => setPicked({ alias, runs: next })}
          />
          {runs.length > 0 && <GateFields gate={gate} change={setGate} scores={scores} score={score} />}
          <div className={css.command}>
            <Code text={command(name, version, alias, runs, { ...gate, score })} what="command" />
          </div>
        </>
      )}
    </ReasonDialog>
  );
}
