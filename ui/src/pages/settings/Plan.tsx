import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Button } from "~/shared/Button";
import { may, useMe } from "~/shared/me";
import { bytes, count } from "~/shared/quantities";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { Time } from "~/shared/Time";
import { useToast } from "~/shared/Toasts";

import css from "./settings.module.css";

type Props = { pruning: Schemas["Pruning"]; experiments: readonly string[] };

/** What would go, and the button that lets it go, a few hundred traces at a time. */
export function Plan({ pruning, experiments }: Props) {
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const [gone, setGone] = useState<number>();
  const queries = useQueryClient();
  const say = useToast();
  const before = pruning.before_ms;
  if (!before)
    return <p className="card">Nothing would go: no trace is that old, and they take no more room than that.</p>;
  const allowed = experiments.every((id) => may(me, "admin", "experiment", id));
  const prune = async (reason: string) => {
    let traces = 0;
    let after = 0;
    let more = true;
    try {
      while (more) {
        const body = { experiment_ids: [...experiments], before_ms: before, after, reason };
        const part = await api.POST("/api/quire/v1/traces/prune", { body });
        traces += part.traces;
        ({ after, more } = part);
        setGone(traces);
      }
      say(`${count(traces)} traces are gone.`);
    } finally {
      setGone(undefined);
      await queries.invalidateQueries({ queryKey: ["traces"] });
    }
  };
  return (
    <section className="card stack" aria-label="What would go">
      <p>
        <strong>{count(pruning.traces)} traces</strong>, about {bytes(pruning.bytes)}, that began{" "}
        <Time ms={before} whole /> or earlier
        {pruning.notes ? `, and ${count(pruning.notes)} notes of served answers as old` : ""}.
      </p>
      <div className="row">
        <Button look="danger" disabled={!allowed} onClick={() => setAsking(true)}>
          Delete them
        </Button>
        {!allowed && <span className="small muted">Only who administers all these experiments may delete them.</span>}
      </div>
      <ReasonDialog
        title={`Delete ${count(pruning.traces)} traces for good`}
        act="Delete"
        danger
        open={asking}
        close={() => setAsking(false)}
        run={prune}
      >
        {gone === undefined ? (
          <p>They go a few hundred at a time, and nobody waits for it. To stop half-way, close the page.</p>
        ) : (
          <label className={css.field}>
            {count(gone)} of {count(pruning.traces)} are gone
            <progress className={css.progress} max={pruning.traces} value={gone} />
          </label>
        )}
      </ReasonDialog>
    </section>
  );
}
