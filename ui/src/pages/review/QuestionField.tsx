import { useState } from "react";

import { Button } from "~/shared/Button";

import { choicesOf, typedAnswer, type Value } from "./choices";
import type { Question } from "./queries";
import css from "./Review.module.css";

type Props = {
  question: Question;
  isPair: boolean;
  isActive: boolean;
  value: Value | undefined;
  busy: boolean;
  /** Undefined takes an answer back that was being typed. */
  choose: (value: Value | undefined) => void;
};

/** One question: its choices as buttons with their keys, or a field for what is typed. */
export function QuestionField({ question, isPair, isActive, value, busy, choose }: Props) {
  const choices = choicesOf(question, isPair);
  return (
    <fieldset className={css.question} data-active={isActive}>
      <legend dir="auto">{question.text || question.name}</legend>
      {choices ? (
        <div className={css.choices}>
          {choices.map((choice) => (
            <Button
              key={String(choice.value)}
              className={css.choice ?? ""}
              aria-pressed={value === choice.value}
              disabled={busy}
              onClick={() => choose(choice.value)}
            >
              {choice.label} {choice.keys[0] !== undefined && <kbd aria-hidden>{choice.keys[0]}</kbd>}
            </Button>
          ))}
        </div>
      ) : (
        <Typed question={question} choose={choose} value={value} />
      )}
    </fieldset>
  );
}

function Typed({ question, choose, value }: Pick<Props, "question" | "choose" | "value">) {
  const [typed, setTyped] = useState(value === undefined ? "" : String(value));
  const isNoAnswer = typed.trim() !== "" && typedAnswer(question, typed) === undefined;
  const change = (text: string) => {
    setTyped(text);
    choose(typedAnswer(question, text));
  };
  return (
    <input
      aria-label={question.text || question.name}
      aria-invalid={isNoAnswer}
      title={isNoAnswer ? "This is no number" : "Enter sends; Escape leaves the field for the other keys"}
      type="text"
      inputMode={question.kind === "number" ? "decimal" : "text"}
      // The keyboard alone must be enough: what is typed first is the answer.
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus
      value={typed}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
