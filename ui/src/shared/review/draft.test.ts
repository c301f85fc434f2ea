import { expect, test } from "vitest";

import { asked, emptyDraft, questionsOf } from "./draft";

const draft = emptyDraft("answers");

test("a question is asked in the words of who makes the queue, else in usual ones", () => {
  expect(questionsOf(draft)).toEqual([{ name: "correct", text: "Is the answer right?" }]);
  expect(questionsOf({ ...draft, question: " Is it polite? " })[0]?.text).toBe("Is it polite?");
  expect(questionsOf({ ...draft, pairs: true })).toEqual([{ name: "better", text: "Which answer is better?" }]);
  expect(questionsOf({ ...draft, asks: "stars" })[0]).toMatchObject({ choices: [1, 2, 3, 4, 5], kind: "number" });
});

test("own answers are numbers where all of them are", () => {
  expect(questionsOf({ ...draft, asks: "choices", choices: "kind, rude,," })[0]?.choices).toEqual(["kind", "rude"]);
  expect(questionsOf({ ...draft, asks: "choices", choices: "0, 0.5, 1" })[0]?.choices).toEqual([0, 0.5, 1]);
});

test("reviewers are names between commas, nobody where none is named", () => {
  expect(asked({ ...draft, reviewers: "ada, bob ,", perItem: "2" })).toMatchObject({
    reviewers: ["ada", "bob"],
    per_item: 2,
  });
  expect(asked(draft)).toMatchObject({ reviewers: [], per_item: null });
});
