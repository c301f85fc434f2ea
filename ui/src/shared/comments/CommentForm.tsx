import { type ReactNode, useState } from "react";

import { Button } from "../Button";
import { Failure } from "../Failure";
import { Tabs } from "../Tabs";
import { usePerson } from "../person/usePerson";
import { Markdown } from "../text/Markdown";

import { MentionBox } from "./MentionBox";
import { useKnown } from "./useKnown";

type Props = {
  label: string;
  act: string;
  text?: string;
  /** Stores it; what was written stays with the error if that fails. */
  send: (text: string) => Promise<unknown>;
  cancel?: () => void;
  /** Whether something else is missing: the name of who writes. */
  blocked?: boolean;
  children?: ReactNode;
};

const TABS = [
  { value: "write", label: "Write" },
  { value: "preview", label: "Preview" },
] as const;

/** Where a comment is written or changed, with a look at how it will be. */
export function CommentForm({ label, act, text: given = "", send, cancel, blocked = false, children }: Props) {
  const [text, setText] = useState(given);
  const [view, setView] = useState<"write" | "preview">("write");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const ready = text.trim() !== "" && !busy && !blocked;
  const submit = async () => {
    if (!ready) return;
    setBusy(true);
    setError(undefined);
    try {
      await send(text);
      setText("");
      setView("write");
    } catch (problem) {
      setError(problem);
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
      <Tabs label="Show" tabs={TABS} value={view} choose={setView} />
      {view === "write" ? (
        <MentionBox label={label} text={text} change={setText} send={() => void submit()} />
      ) : (
        <div className="card">
          {text.trim() === "" ? <p className="muted">Nothing yet.</p> : <Preview text={text} />}
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        {children}
        <Button look="primary" type="submit" disabled={!ready}>
          {act}
        </Button>
        {cancel && <Button onClick={cancel}>Cancel</Button>}
        <span className="muted small">Markdown; @ mentions somebody; Ctrl+Enter sends</span>
      </div>
    </form>
  );
}

function Preview({ text }: { text: string }) {
  const you = usePerson().name;
  return <Markdown text={text} mentions={useKnown(text)} you={you} />;
}
