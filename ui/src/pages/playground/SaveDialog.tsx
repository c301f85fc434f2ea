import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Modal } from "~/shared/Modal";
import { draftOfPolicy, type PolicyDraft, policyOf, type PolicyParam } from "~/shared/policy/policy";
import { PolicyEditor } from "~/shared/policy/PolicyEditor";
import { useToast } from "~/shared/Toasts";

import { asked, type BaseInfo, type Draft } from "./variants";

type Props = {
  open: boolean;
  close: () => void;
  draft: Draft;
  info: BaseInfo | undefined;
  /** Whether what the base says has come, or there is none. */
  isKnown: boolean;
};

/** Registers a variant as the next version of a prompt. */
export function SaveDialog({ open, close, draft, info, isKnown }: Props) {
  return (
    <Modal title="Save as a version of a prompt" open={open} close={close}>
      {isKnown ? <Form close={close} draft={draft} info={info} /> : <Loading what="the policy" />}
    </Modal>
  );
}

function Form({ close, draft, info }: Pick<Props, "close" | "draft" | "info">) {
  const [name, setName] = useState(info?.kind === "prompt" ? info.name : "");
  const [message, setMessage] = useState("");
  const [policy, setPolicy] = useState(() => policyToSave(info, draft));
  const queries = useQueryClient();
  const say = useToast();
  const save = useMutation({
    mutationFn: () =>
      api.POST("/api/quire/v1/playground/save", {
        body: {
          name,
          variant: asked(draft),
          commit_message: message,
          ...(policy ? { policy: policyOf(policy) } : { without_policy: true }),
        },
      }),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["prompts"] });
      say(`${made.uri} was saved`);
    },
  });
  if (save.data) {
    return (
      <div className="stack">
        <p>
          Saved as version {save.data.version} of{" "}
          <Link to="/prompts/$name" params={{ name: save.data.name }}>
            {save.data.name}
          </Link>
          .
        </p>
        <div className="row">
          <Button look="primary" onClick={close}>
            Done
          </Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <label className="stack">
        Prompt
        <input required value={name} onChange={(event) => setName(event.target.value)} />
        <span className="small muted">A new name makes a new prompt.</span>
      </label>
      <label className="stack">
        Commit message
        <textarea rows={3} value={message} onChange={(event) => setMessage(event.target.value)} />
      </label>
      <PolicyEditor policy={policy} change={setPolicy} />
      <p className="small muted">What is set here and not in the policy becomes the model configuration.</p>
      {save.error && <Failure error={save.error} />}
      <div className="row">
        <Button type="submit" look="primary" disabled={save.isPending || !name.trim()}>
          Save
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}

/** The base's policy, with what was chosen as its defaults. */
function policyToSave(info: BaseInfo | undefined, draft: Draft): PolicyDraft {
  const policy = info?.policy?.map((field): PolicyParam => {
    const { name, type, is_list = false, minimum = null, maximum = null, choices = null } = field;
    return { name, type, is_list, minimum, maximum, choices, default: draft.params[name] ?? field.unset };
  });
  return draftOfPolicy(policy);
}
