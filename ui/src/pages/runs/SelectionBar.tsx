import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import buttonCss from "~/shared/Button.module.css";
import { count } from "~/shared/quantities";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useShortcuts } from "~/shared/shortcuts";
import { useToast } from "~/shared/Toasts";

type Props = {
  selection: { ids: ReadonlySet<string>; clear: () => void };
  deleted: boolean;
  changed: () => Promise<void>;
};

/** Runs that are compared side by side are a column each: more than this nobody could look at. */
const MOST_COMPARED = 50;

/** What can be done with the selected runs. */
export function SelectionBar({ selection, deleted, changed }: Props) {
  const [asked, ask] = useState(false);
  const say = useToast();
  const { ids, clear } = selection;
  useShortcuts(
    useMemo(() => (ids.size > 0 ? [{ keys: "Escape", does: "Select nothing", run: clear }] : []), [ids, clear]),
    "Selection",
  );
  if (ids.size === 0) return <span className="muted small">Select runs by their boxes, or by x, to compare them.</span>;
  const act = deleted ? "Restore" : "Delete";
  const run = async (reason: string) => {
    for (const run_id of ids) {
      if (deleted) await api.POST("/api/2.0/mlflow/runs/restore", { body: { run_id } });
      const tag = { run_id, key: deleted ? "quire.restoration.reason" : "quire.deletion.reason", value: reason };
      await api.POST("/api/2.0/mlflow/runs/set-tag", { body: tag });
      if (!deleted) await api.POST("/api/2.0/mlflow/runs/delete", { body: { run_id } });
    }
    await changed();
    clear();
    say(`${count(ids.size)} runs were ${deleted ? "restored" : "deleted"}`);
  };
  return (
    <div className="row">
      <span aria-live="polite">{count(ids.size)} selected</span>
      {ids.size <= MOST_COMPARED ? (
        <Link to="/compare" search={{ runs: [...ids] }} className={`${buttonCss.button} ${buttonCss.primary}`}>
          Compare
        </Link>
      ) : (
        <span className="muted small">Compare {MOST_COMPARED} at most</span>
      )}
      <Button look={deleted ? "plain" : "danger"} onClick={() => ask(true)}>
        {act}
      </Button>
      <Button look="quiet" onClick={clear}>
        Select nothing
      </Button>
      <ReasonDialog
        title={`${act} ${count(ids.size)} runs`}
        act={act}
        danger={!deleted}
        open={asked}
        close={() => ask(false)}
        run={run}
      >
        {!deleted && <p>Deleted runs are kept and can be restored.</p>}
      </ReasonDialog>
    </div>
  );
}
