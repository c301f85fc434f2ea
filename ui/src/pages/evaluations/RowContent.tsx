import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { TextDiff } from "~/shared/diff/TextDiff";
import { given } from "~/shared/search";
import { useShortcuts } from "~/shared/shortcuts";
import { Tabs } from "~/shared/Tabs";
import { Conversation, messagesOf } from "~/shared/text/Conversation";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";

import { AnswerView } from "./AnswerView";
import type { Row } from "./queries";
import { evaluationRoute } from "./routes";
import css from "./RowReview.module.css";

/** A record: what went in, what was expected, what each variant answered, and the words in which the answers differ. */
export function RowContent({ runId, row }: { runId: string; row: Row }) {
  const search = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  const change = useCallback(
    (next: { side?: "a" | "b"; diff?: boolean | undefined }) =>
      void navigate({ search: (old) => given({ ...old, ...next }), replace: true, resetScroll: false }),
    [navigate],
  );
  const [first, second] = [row.answers.find((one) => one.side === "a"), row.answers.find((one) => one.side === "b")];
  const both = first !== undefined && second !== undefined;
  const side = both ? (search.side ?? "b") : second ? "b" : "a";
  const diff = both && search.diff === true;
  useShortcuts(
    useMemo(
      () =>
        both
          ? [
              { keys: "ArrowLeft", does: "Rate the first answer", run: () => change({ side: "a" }) },
              { keys: "ArrowRight", does: "Rate the second answer", run: () => change({ side: "b" }) },
              { keys: "d", does: "Show what differs", run: () => change({ diff: diff ? undefined : true }) },
            ]
          : [],
      [both, diff, change],
    ),
    "Row",
  );
  return (
    <>
      <section className="stack" aria-label="Inputs">
        <h2>Inputs</h2>
        <Value value={row.inputs} text={row.input_text} />
      </section>
      {row.expectations !== undefined && row.expectations !== null && (
        <section className="stack" aria-label="Expected">
          <h2>Expected</h2>
          <Value value={row.expectations} />
        </section>
      )}
      <div className="row">
        <h2 className="grow">Answers</h2>
        {both && (
          <Tabs
            label="View"
            tabs={[
              { value: "answers", label: "Answers" },
              { value: "diff", label: "What differs" },
            ]}
            value={diff ? "diff" : "answers"}
            choose={(view) => change({ diff: view === "diff" ? true : undefined })}
          />
        )}
      </div>
      {diff && <TextDiff before={first.output_text} after={second.output_text} layout="side" />}
      <div className={css.sides} data-alone={!both}>
        {row.answers.map((answer) => (
          <AnswerView
            key={`${answer.side}${answer.repeat}`}
            runId={runId}
            index={row.index}
            answer={answer}
            isChosen={answer.side === side && (answer === first || answer === second)}
            showsOutput={!diff}
          />
        ))}
      </div>
    </>
  );
}

/** Inputs, expectations or outputs: a conversation where they are one, text where they are text, else JSON. */
export function Value({ value, text }: { value: unknown; text?: string }) {
  const messages = messagesOf(value);
  const shown = text ?? textOf(value);
  return (
    <div className={css.output}>
      {messages ? (
        <Conversation messages={messages} />
      ) : shown !== undefined ? (
        <LongText text={shown} copies />
      ) : (
        <Json value={value} />
      )}
    </div>
  );
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return undefined;
  const [only, ...others] = Object.values(value) as unknown[];
  return typeof only === "string" && others.length === 0 ? only : undefined;
}
