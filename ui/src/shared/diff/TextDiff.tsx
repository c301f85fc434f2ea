import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";

import { plain } from "../text/plain";

import css from "./TextDiff.module.css";

export type DiffLayout = "inline" | "side";

type Props = {
  before: string;
  after: string;
  layout?: DiffLayout;
  /** The pieces of both texts where the server has compared them; else they are compared here. */
  pieces?: readonly { op: string; text: string }[] | null | undefined;
};

/** Longer texts than this (characters) are shown without marks: comparing them word by word would take seconds. */
const MOST = 40_000;

/** Two texts and which words differ, in one text or side by side. */
export function TextDiff({ before, after, layout = "inline", pieces }: Props) {
  const parts = useMemo(() => {
    if (pieces) {
      return pieces.map(({ op, text }) => ({
        value: plain(text),
        added: op === "added",
        removed: op === "removed",
      }));
    }
    const [old, now] = [plain(before), plain(after)];
    return old.length + now.length > MOST
      ? [
          { value: old, removed: true, added: false },
          { value: now, removed: false, added: true },
        ]
      : diffWordsWithSpace(old, now);
  }, [before, after, pieces]);
  if (layout === "inline") return <Side parts={parts} label="Changes" />;
  return (
    <div className={css.sides}>
      <Side parts={parts.filter((part) => !part.added)} label="Before" />
      <Side parts={parts.filter((part) => !part.removed)} label="After" />
    </div>
  );
}

function Side({ parts, label }: { parts: { value: string; added?: boolean; removed?: boolean }[]; label: string }) {
  return (
    <div className={css.text} role="group" aria-label={label} dir="auto">
      {parts.map((part, index) =>
        part.added ? (
          <ins key={index}>{part.value}</ins>
        ) : part.removed ? (
          <del key={index}>{part.value}</del>
        ) : (
          <span key={index}>{part.value}</span>
        ),
      )}
    </div>
  );
}
