import { useCallback, useMemo, useRef, useState } from "react";

import { Button } from "~/shared/Button";
import { useShortcuts } from "~/shared/shortcuts";

import { choicesOf, type Value } from "./choices";
import type { Given, Item, Review } from "./queries";
import { QuestionField } from "./QuestionField";
import css from "./Review.module.css";

type Props = {
  queue: Review;
  item: Item;
  busy: boolean;
  say: (answers: Given[]) => void;
  skip: (comment: string) => void;
};

/** The questions of an item. Where one question has choices, its key is all that is needed; else Enter sends them. */
export function Answering({ queue, item, busy, say, skip }: Props) {
  const { questions, pairs } = queue;
  const [values, setValues] = useState<Record<string, Value>>(() => saidBefore(item));
  const [comment, setComment] = useState(item.said?.find((one) => one.comment)?.comment ?? "");
  const box = useRef<HTMLInputElement>(null);
  const active = questions.find(({ name }) => !(name in values))?.name ?? questions.at(-1)?.name;
  const send = useCallback(
    (said: Record<string, Value>) => {
      const answers = questions.flatMap(({ name }) => {
        const value = said[name];
        return value === undefined ? [] : [{ question: name, value, comment: comment.trim() }];
      });
      if (answers.length === questions.length) say(answers);
    },
    [questions, comment, say],
  );
  const choose = useCallback(
    (name: string, value: Value | undefined) => {
      const others = Object.fromEntries(Object.entries(values).filter(([other]) => other !== name));
      const next = value === undefined ? others : { ...others, [name]: value };
      setValues(next);
      if (value !== undefined && questions.every((one) => choicesOf(one, pairs) !== undefined)) send(next);
    },
    [values, questions, pairs, send],
  );
  const keys = useMemo(() => {
    const asked = questions.find(({ name }) => name === active);
    const choices = asked ? (choicesOf(asked, pairs) ?? []) : [];
    const chosen = choices.flatMap((choice) =>
      choice.keys.map((key) => ({
        keys: key,
        does: `${asked?.text || asked?.name || ""} ${choice.label}`,
        run: () => {
          if (!busy && asked) choose(asked.name, choice.value);
        },
      })),
    );
    const skipping = () => {
      if (!busy) skip(comment.trim());
    };
    const sending = () => {
      if (!busy) send(values);
    };
    return [
      ...chosen,
      { keys: "s", does: "Skip", run: skipping },
      { keys: "c", does: "Comment", run: () => box.current?.focus() },
      { keys: "Enter", does: "Send the answers", run: sending },
    ];
  }, [questions, active, pairs, busy, choose, skip, send, values, comment]);
  useShortcuts(keys, "Review");
  const complete = questions.every(({ name }) => name in values);
  return (
    <form
      className={css.bar}
      aria-label="Your answer"
      onSubmit={(event) => {
        event.preventDefault();
        send(values);
      }}
    >
      {questions.map((question) => (
        <QuestionField
          key={question.name}
          question={question}
          isPair={pairs}
          isActive={question.name === active}
          value={values[question.name]}
          busy={busy}
          choose={(value) => choose(question.name, value)}
        />
      ))}
      <div className="row">
        <input
          ref={box}
          className="grow"
          aria-label="Comment"
          placeholder="Comment (c), before you answer"
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" && event.key !== "Escape") return;
            event.preventDefault();
            event.currentTarget.blur();
          }}
        />
        {complete && (
          <Button type="submit" look="primary" disabled={busy}>
            Send
          </Button>
        )}
        <Button onClick={() => skip(comment.trim())} disabled={busy} title="Skip (s)">
          Skip
        </Button>
      </div>
    </form>
  );
}

function saidBefore(item: Item): Record<string, Value> {
  const said: Record<string, Value> = {};
  for (const one of item.said ?? []) if (one.value !== undefined && one.value !== null) said[one.question] = one.value;
  return said;
}
