import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { permit, useMe } from "~/shared/me";

import css from "./Models.module.css";

type Tag = { key: string; value: string };
type Props = {
  name: string;
  /** The version whose tags they are; undefined for the model's own. */
  version?: string;
  tags: readonly Tag[];
};

/** Tags that keep records have a view of their own. */
const RECORDS = "quire.promotion.";

/** The tags of a model or a version: added, replaced and removed. */
export function TagList({ name, version, tags }: Props) {
  const queries = useQueryClient();
  const editing = permit(useMe(), "editor", "registered_model", name);
  const [draft, setDraft] = useState<Tag>();
  const [error, setError] = useState<unknown>();
  const act = async (asked: Promise<unknown>) => {
    setError(undefined);
    try {
      await asked;
      setDraft(undefined);
      await queries.invalidateQueries({ queryKey: ["models"] });
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className="stack">
      <div className="row" role="group" aria-label="Tags">
        {tags
          .filter(({ key }) => !key.startsWith(RECORDS))
          .map(({ key, value }) => (
            <span key={key} className={css.tag}>
              <Cut text={`${key}: ${value}`} />
              <Button
                look="quiet"
                disabled={!editing.allowed}
                onClick={() => void act(removed(name, version, key))}
                title={editing.why ?? `Remove the tag ${key}`}
              >
                ✕<span className="visually-hidden"> Remove the tag {key}</span>
              </Button>
            </span>
          ))}
        {draft === undefined && (
          <Button disabled={!editing.allowed} title={editing.why} onClick={() => setDraft({ key: "", value: "" })}>
            Add a tag
          </Button>
        )}
      </div>
      {draft !== undefined && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            void act(added(name, version, draft));
          }}
        >
          <input
            required
            aria-label="Key of the tag"
            placeholder="key"
            value={draft.key}
            onChange={(event) => setDraft({ ...draft, key: event.target.value })}
          />
          <input
            aria-label="Value of the tag"
            placeholder="value"
            value={draft.value}
            onChange={(event) => setDraft({ ...draft, value: event.target.value })}
          />
          <Button type="submit" look="primary">
            Save the tag
          </Button>
          <Button onClick={() => setDraft(undefined)}>Cancel</Button>
        </form>
      )}
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}

function added(name: string, version: string | undefined, tag: Tag): Promise<unknown> {
  if (version === undefined) return api.POST("/api/2.0/mlflow/registered-models/set-tag", { body: { name, ...tag } });
  return api.POST("/api/2.0/mlflow/model-versions/set-tag", { body: { name, version, ...tag } });
}

function removed(name: string, version: string | undefined, key: string): Promise<unknown> {
  if (version === undefined) return api.DELETE("/api/2.0/mlflow/registered-models/delete-tag", { body: { name, key } });
  return api.DELETE("/api/2.0/mlflow/model-versions/delete-tag", { body: { name, version, key } });
}
