import { useQuery } from "@tanstack/react-query";
import { CopyPlus, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import type { Permit } from "~/shared/me";
import { Select } from "~/shared/Select";

import { Answer } from "./Answer";
import { BaseChoice } from "./BaseChoice";
import { Messages } from "./Messages";
import { Parameters } from "./Parameters";
import css from "./Playground.module.css";
import { SaveDialog } from "./SaveDialog";
import type { Runs } from "./runs";
import { adopted, type Draft, edited, withBase, type Written } from "./variants";

type Props = {
  letter: string;
  draft: Draft;
  shown: boolean;
  checked: Schemas["CheckedVariant"] | undefined;
  runs: Runs;
  change: (more: (draft: Draft) => Draft) => void;
  /** Whether the server lets who looks ask, and why not. */
  asking: Permit;
  ask: () => void;
  copy: (() => void) | undefined;
  remove: (() => void) | undefined;
};

/** One variant: what it begins with, its messages and parameters, and its answer. */
export function VariantCard(props: Props) {
  const { letter, draft, shown, checked, runs, change, asking, ask, copy, remove } = props;
  const [saving, setSaving] = useState(false);
  const base = useQuery({
    queryKey: ["prompts", "playground-base", draft.base],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/playground/base", { params: { query: { uri: draft.base } }, signal }),
    enabled: draft.base !== "",
    staleTime: Infinity,
  });
  const info = draft.base === "" ? undefined : base.data;
  useEffect(() => {
    if (!draft.adopted && info) change((now) => adopted(now, info));
  }, [draft.adopted, info, change]);
  const edit = (written: Written) => change((now) => edited(now, written));
  const name = `Variant ${letter}`;
  return (
    <section className={css.variant} data-shown={shown} aria-label={name}>
      <div className="row">
        <h2 className="grow">{name}</h2>
        {copy && (
          <Button look="quiet" onClick={copy} title="Copy this variant" aria-label={`Copy ${name}`}>
            <CopyPlus size={16} aria-hidden />
          </Button>
        )}
        {remove && (
          <Button look="quiet" onClick={remove} title="Remove this variant" aria-label={`Remove ${name}`}>
            <Trash2 size={16} aria-hidden />
          </Button>
        )}
      </div>
      <BaseChoice base={draft.base} info={info} choose={(uri) => change((now) => withBase(now, uri))} />
      {draft.base !== "" && base.error && <Failure error={base.error} again={() => void base.refetch()} />}
      <div className={css.pair}>
        <label className={css.field}>
          <span>Model</span>
          <input value={draft.model} spellCheck={false} onChange={(event) => edit({ model: event.target.value })} />
        </label>
        <label className={css.field}>
          <span>API</span>
          <Select
            value={draft.task}
            onChange={(event) => edit({ task: event.target.value === "responses" ? "responses" : "chat.completions" })}
          >
            <option value="chat.completions">Chat completions</option>
            <option value="responses">Responses</option>
          </Select>
        </label>
      </div>
      <Messages template={draft.template} change={(template) => edit({ template })} />
      <Parameters
        info={info}
        isKnown={draft.base === "" || info !== undefined || base.isError}
        params={draft.params}
        change={(params) => edit({ params })}
      />
      {checked?.problem && (
        <p className={css.problem} dir="auto">
          {checked.problem}
        </p>
      )}
      <div className="row">
        {runs.get(draft.key)?.running ? (
          <Button onClick={() => runs.stop(draft.key)}>Stop</Button>
        ) : (
          <Button look="primary" onClick={ask} disabled={!draft.adopted || !asking.allowed} title={asking.why}>
            Run
          </Button>
        )}
        <Button onClick={() => setSaving(true)} disabled={!draft.adopted}>
          Save as a version
        </Button>
      </div>
      <Answer runs={runs} variant={draft.key} />
      <SaveDialog
        open={saving}
        close={() => setSaving(false)}
        draft={draft}
        info={info}
        isKnown={draft.base === "" || info !== undefined}
      />
    </section>
  );
}
