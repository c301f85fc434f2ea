import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { draftOfPolicy, policyOf } from "~/shared/policy/policy";
import { PolicyEditor } from "~/shared/policy/PolicyEditor";
import { useToast } from "~/shared/Toasts";

import { draftOf, writtenOf } from "./draft";
import css from "./Editor.module.css";
import type { WholeVersion } from "./queries";
import { TemplateEditor } from "./TemplateEditor";

type Props = {
  /** The prompt that gets a new version; undefined where a prompt is made. */
  name: string | undefined;
  /** The version that one begins with. */
  base: WholeVersion | undefined;
  cancel: () => void;
};

/** A new version of a prompt, or a new prompt. What is wrong with it the server says. */
export function Editor({ name, base, cancel }: Props) {
  const [title, setTitle] = useState(name ?? "");
  const [draft, setDraft] = useState(() => draftOf(base?.written ?? "", base?.summary.kind === "chat"));
  const [message, setMessage] = useState("");
  const [config, setConfig] = useState(base?.model_config_json ?? "");
  const [format, setFormat] = useState(base?.response_format_json ?? "");
  const [policy, setPolicy] = useState(() => draftOfPolicy(base?.policy));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const say = useToast();
  const save = async () => {
    const body = {
      name: title,
      template: writtenOf(draft),
      chat: draft.chat,
      commit_message: message,
      model_config_json: config,
      response_format_json: format,
      ...(policy && { policy: policyOf(policy) }),
    };
    const params_of = policy && base?.policy ? base.summary.version : null;
    const made =
      name === undefined
        ? await api.POST("/api/quire/v1/prompts", { body })
        : await api.POST("/api/quire/v1/prompts/{name}/versions", {
            params: { path: { name } },
            body: { ...body, params_of },
          });
    await queries.invalidateQueries({ queryKey: ["prompts"] });
    const { version } = made.version.summary;
    say(`Version ${version} was saved`);
    await navigate({ to: "/prompts/$name", params: { name: title }, search: { version } });
  };
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    await save().catch(setError);
    setBusy(false);
  };
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)}>
      <h2>
        {name === undefined ? "New prompt" : `New version${base ? `, from version ${base.summary.version}` : ""}`}
      </h2>
      {name === undefined && (
        <label className="stack">
          Name
          <input required value={title} onChange={(event) => setTitle(event.target.value)} />
          <span className="small muted">Letters, digits, dashes, dots and underscores.</span>
        </label>
      )}
      <TemplateEditor draft={draft} change={setDraft} />
      <label className="stack">
        Commit message
        <textarea required rows={2} value={message} onChange={(event) => setMessage(event.target.value)} />
        <span className="small muted">Why the version is made, for whoever asks later.</span>
      </label>
      <details open={config !== "" || format !== ""}>
        <summary>Model configuration and response format</summary>
        <div className={css.more}>
          <Json
            label="Model configuration (JSON)"
            value={config}
            change={setConfig}
            hint='{"model_name": "…", "temperature": 0.2}'
          />
          <Json label="Response format (JSON schema)" value={format} change={setFormat} hint='{"type": "object", …}' />
        </div>
      </details>
      <PolicyEditor policy={policy} change={setPolicy} />
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={busy}>
          {busy ? "Saving …" : name === undefined ? "Create" : "Save version"}
        </Button>
        <Button onClick={cancel}>Cancel</Button>
      </div>
    </form>
  );
}

function Json(props: { label: string; value: string; change: (text: string) => void; hint: string }) {
  const { label, value, change, hint } = props;
  return (
    <label className="stack">
      {label}
      <textarea
        className={css.text}
        rows={value ? 6 : 2}
        placeholder={hint}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
    </label>
  );
}
