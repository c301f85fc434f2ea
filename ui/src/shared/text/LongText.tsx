import { type ReactNode, useMemo, useState } from "react";

import { Button } from "../Button";
import { CopyButton } from "../CopyButton";
import { count } from "../quantities";

import css from "./LongText.module.css";
import { plain } from "./plain";

const SHOWN = 4000;
const MORE = 100_000;

type Props = {
  text: string;
  /** How many characters are shown at first. */
  shown?: number;
  /** Whether a button copies the text. */
  copies?: boolean;
  /** What is marked in the text, such as the variables of a template: a global expression. */
  mark?: RegExp | undefined;
};

/** Text of a model or a person, as text and nothing else; of a long one the beginning, and more when asked. */
export function LongText({ text, shown = SHOWN, copies = false, mark }: Props) {
  const [limit, setLimit] = useState(shown);
  const rest = text.length - limit;
  const words = rest > 0 ? text.slice(0, limit) : text;
  const shownWords = useMemo(() => marked(plain(words), mark), [words, mark]);
  return (
    <div className={css.text}>
      <div className={css.words} dir="auto">
        {shownWords}
        {rest > 0 && "…"}
      </div>
      {(rest > 0 || copies) && (
        <div className="row">
          {rest > 0 && (
            <Button onClick={() => setLimit(limit + MORE)}>Show more ({count(rest)} characters are left)</Button>
          )}
          {copies && <CopyButton text={text} what="text" />}
        </div>
      )}
    </div>
  );
}

function marked(text: string, mark: RegExp | undefined): ReactNode {
  if (!mark) return text;
  const parts: ReactNode[] = [];
  let from = 0;
  for (const found of text.matchAll(mark)) {
    parts.push(text.slice(from, found.index), <mark key={found.index}>{found[0]}</mark>);
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}
