import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Button } from "~/shared/Button";
import { Code } from "~/shared/Code";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";

import { ExperimentChoice } from "./ExperimentChoice";
import css from "./settings.module.css";
import { namesIn } from "./tokens";

type Props = { username: string; open: boolean; close: () => void };

/** Makes a token; its secret is shown this once. */
export function NewToken({ username, open, close }: Props) {
  const [made, setMade] = useState<Schemas["NewToken"]>();
  const done = () => {
    setMade(undefined);
    close();
  };
  return (
    <Modal title={made ? "Copy the token now" : `A token of ${username}`} open={open} close={done}>
      {made ? (
        <>
          <p>It is shown this once, and kept nowhere. Who has it acts as {made.token.username}.</p>
          <Code text={made.secret} what="token" />
          <Button look="primary" onClick={done}>
            I have copied it
          </Button>
        </>
      ) : (
        <TokenForm username={username} made={setMade} close={close} />
      )}
    </Modal>
  );
}

type FormProps = { username: string; made: (token: Schemas["NewToken"]) => void; close: () => void };

function TokenForm({ username, made, close }: FormProps) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [readOnly, setReadOnly] = useState(false);
  const [experiments, setExperiments] = useState<string[]>([]);
  const [models, setModels] = useState("");
  const [endpoints, setEndpoints] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    const registered_models = namesIn(models);
    const named = namesIn(endpoints);
    try {
      const body = {
        username,
        name,
        read_only: readOnly,
        ...(days !== "" && { expires_in_days: Number(days) }),
        ...(experiments.length > 0 && { experiments }),
        ...(registered_models && { registered_models }),
        ...(named && { endpoints: named }),
      };
      made(await api.POST("/api/quire/v1/tokens", { body }));
      await queries.invalidateQueries({ queryKey: ["settings", "tokens"] });
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label className={css.field}>
        Name
        <input value={name} maxLength={255} required onChange={(event) => setName(event.target.value)} />
        <span className="small muted">What it is for: nightly job, dashboard.</span>
      </label>
      <label className={css.field}>
        Ends after days
        <input type="number" min={0.01} max={3650} step="any" value={days} onChange={(e) => setDays(e.target.value)} />
        <span className="small muted">Empty: never.</span>
      </label>
      <label className="row">
        <input type="checkbox" checked={readOnly} onChange={(event) => setReadOnly(event.target.checked)} />
        May only read
      </label>
      <details className={css.details}>
        <summary>Only for some experiments, models or endpoints</summary>
        <div className="stack">
          <ExperimentChoice chosen={experiments} choose={setExperiments} />
          <label className={css.field}>
            Models and prompts, one a line
            <textarea rows={2} value={models} onChange={(event) => setModels(event.target.value)} />
          </label>
          <label className={css.field}>
            Endpoints, one a line
            <textarea rows={2} value={endpoints} onChange={(event) => setEndpoints(event.target.value)} />
          </label>
        </div>
      </details>
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={busy}>
          Make the token
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
