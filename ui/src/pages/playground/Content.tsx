import { useState } from "react";

import { Button } from "~/shared/Button";
import { count } from "~/shared/quantities";

import css from "./Playground.module.css";

type Props = { label: string; content: unknown; change: (content: unknown) => void };

/** More characters than this are edited only when asked for: a browser lays out a megabyte at each key. */
const MOST = 100_000;

/** The content of a message: text, or, where it has parts, their JSON. */
export function Content({ label, content, change }: Props) {
  const [whole, setWhole] = useState(false);
  if (typeof content !== "string" && content !== null && content !== undefined) {
    return <Parts label={label} content={content} change={change} />;
  }
  const text = content ?? "";
  if (text.length > MOST && !whole) {
    return (
      <div className="stack">
        <div className={css.long} dir="auto">
          {text.slice(0, 1000)}…
        </div>
        <Button onClick={() => setWhole(true)}>Edit all {count(text.length)} characters</Button>
      </div>
    );
  }
  return (
    <textarea
      aria-label={label}
      rows={Math.min(12, Math.max(3, text.split("\n", 13).length))}
      dir="auto"
      value={text}
      onChange={(event) => change(event.target.value)}
    />
  );
}

function Parts({ label, content, change }: Props) {
  const [{ text, of }, setTyped] = useState(() => ({ text: JSON.stringify(content, null, 2), of: content }));
  const [wrong, setWrong] = useState(false);
  if (of !== content) {
    // Other parts than were typed: a message was moved, or a base was read.
    setTyped({ text: JSON.stringify(content, null, 2), of: content });
    setWrong(false);
  }
  return (
    <label className={css.field}>
      <span>Parts, as JSON{wrong && ": this is no JSON, so it is not used yet"}</span>
      <textarea
        aria-label={label}
        className="mono"
        rows={6}
        value={text}
        aria-invalid={wrong}
        onChange={(event) => {
          const typed = event.target.value;
          try {
            const parts = JSON.parse(typed) as unknown;
            setTyped({ text: typed, of: parts });
            setWrong(false);
            change(parts);
          } catch {
            setTyped({ text: typed, of });
            setWrong(true);
          }
        }}
      />
    </label>
  );
}
