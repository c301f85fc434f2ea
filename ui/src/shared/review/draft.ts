/** A review queue that is being made: what people are asked, and how that is sent. */
import type { Schemas } from "~/api/types";

type Question = Schemas["ReviewQuestion"];

export type Draft = {
  name: string;
  pairs: boolean;
  blind: boolean;
  /** What is asked of single answers: one of `ASKS`. */
  asks: string;
  /** The question in the words of who makes the queue. */
  question: string;
  /** Answers that count, separated by commas; for `asks` being "choices". */
  choices: string;
  reviewers: string;
  perItem: string;
};

type Asks = { value: string; label: string; question: Question };

const YES_OR_NO: Asks = {
  value: "correct",
  label: "Is it right? yes or no",
  question: { name: "correct", text: "Is the answer right?" },
};

export const ASKS: readonly Asks[] = [
  YES_OR_NO,
  {
    value: "stars",
    label: "How good is it? 1 to 5",
    question: {
      name: "rating",
      text: "How good is the answer, from 1 to 5?",
      choices: [1, 2, 3, 4, 5],
      kind: "number",
    },
  },
  {
    value: "choices",
    label: "Which of these answers? your own",
    question: { name: "choice", text: "Which of these is the answer?", kind: "text" },
  },
  {
    value: "words",
    label: "What is wrong with it? in words",
    question: { name: "remark", text: "What is wrong with the answer?", kind: "text" },
  },
];

/** A draft with nothing chosen. */
export function emptyDraft(name: string, pairs = false): Draft {
  return {
    name: name.slice(0, 200),
    pairs,
    blind: true,
    asks: YES_OR_NO.value,
    question: "",
    choices: "",
    reviewers: "",
    perItem: "",
  };
}

/** The questions that a draft asks. */
export function questionsOf(draft: Draft): Question[] {
  const text = draft.question.trim();
  if (draft.pairs) return [{ name: "better", text: text || "Which answer is better?" }];
  const { question } = ASKS.find((one) => one.value === draft.asks) ?? YES_OR_NO;
  const choices = draft.asks === "choices" ? choicesOf(draft.choices) : question.choices;
  return [{ ...question, ...(choices && { choices }), ...(text && { text }) }];
}

/** Answers as they were typed: numbers if all of them are. */
function choicesOf(typed: string): (string | number)[] {
  const words = separated(typed);
  const numbers = words.map(Number);
  return numbers.every((number) => Number.isFinite(number)) ? numbers : words;
}

function separated(typed: string): string[] {
  return typed.split(",").flatMap((word) => (word.trim() ? [word.trim()] : []));
}

/** What the server is told of a draft. */
export function asked(draft: Draft) {
  return {
    name: draft.name.trim(),
    pairs: draft.pairs,
    blind: draft.blind,
    questions: questionsOf(draft),
    reviewers: separated(draft.reviewers),
    per_item: draft.perItem ? Number(draft.perItem) : null,
  };
}
