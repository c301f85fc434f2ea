import { expect, test } from "vitest";

import { draftOf, moved, newMessage, writtenOf } from "./draft";

test("what is not changed stays as it is, whatever a message holds", () => {
  const messages = [
    { role: "system", content: "Be kind, {{name}}." },
    { role: "user", content: [{ type: "text", text: "{{q}}" }] },
    { role: "assistant", content: null, tool_calls: [] },
  ];
  expect(JSON.parse(writtenOf(draftOf(JSON.stringify(messages), true)))).toEqual(messages);
  expect(writtenOf(draftOf("plain {{text}}", false))).toBe("plain {{text}}");
});

test("a message that is not JSON is refused before it is sent", () => {
  const draft = draftOf('[{"role": "user", "content": ["x"]}]', true);
  const [message] = draft.messages;
  expect(message?.isJson).toBe(true);
  expect(() => writtenOf({ ...draft, messages: [newMessage("user", "{", true)] })).toThrow(SyntaxError);
});

test("messages move by one place and not out of the list", () => {
  const messages = [newMessage("a"), newMessage("b"), newMessage("c")];
  const roles = (list: { role: string }[]) => list.map(({ role }) => role).join("");
  expect(roles(moved(messages, 0, 1))).toBe("bac");
  expect(roles(moved(messages, 2, -1))).toBe("acb");
  expect(roles(moved(messages, 0, -1))).toBe("abc");
});
