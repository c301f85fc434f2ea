import { type ReactNode, useState } from "react";

import { Button } from "./Button";
import { Failure } from "./Failure";
import { Modal } from "./Modal";

type Props = {
  /** What will be done, as a sentence without a full stop: "Move @champion to version 3". */
  title: string;
  /** The word on the button: "Move". */
  act: string;
  open: boolean;
  close: () => void;
  /** Does it; the dialog stays open with the error if that fails. */
  run: (reason: string) => Promise<unknown>;
  danger?: boolean;
  children?: ReactNode;
};

/** Asks why before something is changed that others depend on; the reason goes into the record. */
export function ReasonDialog({ title, act, open, close, run, danger = false, children }: Props) {
  return (
    <Modal title={title} open={open} close={close}>
      <Form act={act} close={close} run={run} danger={danger}>
        {children}
      </Form>
    </Modal>
  );
}

function Form({ act, close, run, danger, children }: Pick<Props, "act" | "close" | "run" | "danger" | "children">) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await run(reason.trim());
      close();
    } catch (failed) {
      setError(failed);
    } finally {
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
      {children}
      <label className="stack">
        Reason
        <textarea required rows={3} value={reason} onChange={(event) => setReason(event.target.value)} />
        <span className="small muted">Kept with the change, for whoever asks later.</span>
      </label>
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look={danger ? "danger" : "primary"} disabled={busy || !reason.trim()}>
          {busy ? "…" : act}
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
