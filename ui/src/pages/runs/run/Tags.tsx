import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { LongText } from "~/shared/text/LongText";

import type { Run } from "../queries";
import css from "./Values.module.css";

const SYSTEM = /^(mlflow|quire)\./;

/** The tags of a run; its own can be set and removed, those that tools set are shown apart. */
export function Tags({ run }: { run: Run }) {
  const queries = useQueryClient();
  const [[key, value], setDraft] = useState<[string, string]>(["", ""]);
  const [error, setError] = useState<unknown>();
  const tags = run.data?.tags ?? [];
  const own = tags.filter((tag) => !SYSTEM.test(tag.key));
  const others = tags.filter((tag) => SYSTEM.test(tag.key));
  const run_id = run.info.run_id;
  const change = async (doing: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await doing();
      setDraft(["", ""]);
      await queries.invalidateQueries({ queryKey: ["runs"] });
    } catch (failed) {
      setError(failed);
    }
  };
  const remove = (name: string) =>
    void change(() => api.POST("/api/2.0/mlflow/runs/delete-tag", { body: { run_id, key: name } }));
  return (
    <div className="stack">
      <section className="card stack" aria-label="Tags">
        <h2>Tags</h2>
        {own.length === 0 && <p className="muted">The run has no tags of its own.</p>}
        <table className={css.values}>
          <tbody>
            {own.map((tag) => (
              <tr key={tag.key}>
                <th scope="row">{tag.key}</th>
                <td>
                  <LongText text={tag.value} shown={600} />
                  <Button look="quiet" aria-label={`Edit ${tag.key}`} onClick={() => setDraft([tag.key, tag.value])}>
                    Edit
                  </Button>
                  <Button look="quiet" aria-label={`Remove ${tag.key}`} onClick={() => remove(tag.key)}>
                    Remove
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            void change(() => api.POST("/api/2.0/mlflow/runs/set-tag", { body: { run_id, key: key.trim(), value } }));
          }}
        >
          <input
            aria-label="Key"
            placeholder="Key"
            value={key}
            onChange={(event) => setDraft([event.target.value, value])}
          />
          <input
            className="grow"
            aria-label="Value"
            placeholder="Value"
            value={value}
            onChange={(event) => setDraft([key, event.target.value])}
          />
          <Button type="submit" disabled={!key.trim()}>
            Set
          </Button>
        </form>
        {error !== undefined && <Failure error={error} />}
      </section>
      <section className="card stack" aria-label="Tags of tools">
        <h2>Set by tools</h2>
        <table className={css.values}>
          <tbody>
            {others.map((tag) => (
              <tr key={tag.key}>
                <th scope="row">{tag.key}</th>
                <td>
                  <LongText text={tag.value} shown={600} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
