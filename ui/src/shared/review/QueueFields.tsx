import type { ReactNode } from "react";

import { Select } from "../Select";
import { ASKS, type Draft, questionsOf } from "./draft";

type Props = {
  draft: Draft;
  change: (next: Partial<Draft>) => void;
  /** What single answers are, in words. */
  single: ReactNode;
  /** What pairs are; undefined where there can be none. */
  pairs: ReactNode | undefined;
  /** Further fields, beside the number of reviewers. */
  children?: ReactNode;
};

/** What a new review queue holds, what it asks, and of whom. */
export function QueueFields({ draft, change, single, pairs, children }: Props) {
  return (
    <>
      <label className="stack">
        Name
        <input required maxLength={250} value={draft.name} onChange={({ target }) => change({ name: target.value })} />
      </label>
      <label className="stack">
        What is reviewed
        <Select
          value={draft.pairs ? "pairs" : "single"}
          onChange={({ target }) => change({ pairs: target.value === "pairs" })}
        >
          {pairs !== undefined && <option value="pairs">{pairs}</option>}
          <option value="single">{single}</option>
        </Select>
      </label>
      <Asked draft={draft} change={change} />
      <div className="row">
        {children}
        <label className="stack">
          Reviewers an item needs
          <input
            type="number"
            min={1}
            value={draft.perItem}
            placeholder="all"
            onChange={({ target }) => change({ perItem: target.value })}
          />
        </label>
        <label className="stack grow">
          Reviewers, separated by commas
          <input
            value={draft.reviewers}
            placeholder="anybody"
            onChange={({ target }) => change({ reviewers: target.value })}
          />
        </label>
      </div>
      {!draft.pairs && (
        <label className="row">
          <input type="checkbox" checked={draft.blind} onChange={({ target }) => change({ blind: target.checked })} />
          Blind: nobody sees which variant answered
        </label>
      )}
    </>
  );
}

/** What reviewers are asked. */
function Asked({ draft, change }: Pick<Props, "draft" | "change">) {
  return (
    <>
      {!draft.pairs && (
        <label className="stack">
          What is asked
          <Select value={draft.asks} onChange={({ target }) => change({ asks: target.value })}>
            {ASKS.map((one) => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </Select>
        </label>
      )}
      {!draft.pairs && draft.asks === "choices" && (
        <label className="stack">
          Answers, separated by commas
          <input
            required
            value={draft.choices}
            placeholder="kind, neutral, rude"
            onChange={({ target }) => change({ choices: target.value })}
          />
        </label>
      )}
      <label className="stack">
        The question in your words
        <input
          value={draft.question}
          placeholder={questionsOf({ ...draft, question: "" })[0]?.text ?? ""}
          onChange={({ target }) => change({ question: target.value })}
        />
      </label>
    </>
  );
}
