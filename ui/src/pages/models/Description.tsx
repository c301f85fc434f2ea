import { useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { permit, useMe } from "~/shared/me";
import { Markdown } from "~/shared/text/Markdown";

type Props = {
  name: string;
  /** The version whose description it is; undefined for the model's own. */
  version?: string;
  text: string;
};

/** What people wrote of a model or a version, and a way to write it anew. */
export function Description({ name, version, text }: Props) {
  const queries = useQueryClient();
  const editing = permit(useMe(), "editor", "registered_model", name);
  const [draft, setDraft] = useState<string>();
  const [error, setError] = useState<unknown>();
  const save = async (description: string) => {
    if (version === undefined)
      await api.PATCH("/api/2.0/mlflow/registered-models/update", { body: { name, description } });
    else await api.PATCH("/api/2.0/mlflow/model-versions/update", { body: { name, version, description } });
    await queries.invalidateQueries({ queryKey: ["models"] });
    setDraft(undefined);
    setError(undefined);
  };
  if (draft === undefined) {
    return (
      <div className="row">
        {text ? <Markdown text={text} /> : <span className="muted">No description</span>}
        <Button
          look="quiet"
          disabled={!editing.allowed}
          onClick={() => setDraft(text)}
          title={editing.why ?? "Edit the description"}
        >
          <Pencil size={14} aria-hidden />
          <span className="visually-hidden">Edit the description</span>
        </Button>
      </div>
    );
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save(draft).catch(setError);
      }}
    >
      <label className="stack">
        Description
        <textarea rows={4} value={draft} onChange={(event) => setDraft(event.target.value)} />
        <span className="small muted">Markdown.</span>
      </label>
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary">
          Save
        </Button>
        <Button onClick={() => setDraft(undefined)}>Cancel</Button>
      </div>
    </form>
  );
}
