/** A template while it is written: text or messages, and from and to what the server keeps. */

export type DraftMessage = {
  /** Tells messages apart while they are moved. */
  id: number;
  role: string;
  /** The text; of a message that holds more than that, the whole message as JSON. */
  text: string;
  /** What else a message of a role and a text has; undefined if `text` is the whole message as JSON. */
  isJson: boolean;
};

export type Draft = { chat: boolean; text: string; messages: DraftMessage[] };

let last = 0;

export function newMessage(role: string, text = "", isJson = false): DraftMessage {
  last += 1;
  return { id: last, role, text, isJson };
}

/** The draft of a template as the server keeps it: `written` is text, or messages as JSON. */
export function draftOf(written: string, chat: boolean): Draft {
  if (!chat) return { chat: false, text: written, messages: [newMessage("user", written)] };
  const messages = JSON.parse(written) as unknown;
  return { chat: true, text: "", messages: Array.isArray(messages) ? messages.map(messageOf) : [] };
}

function messageOf(message: unknown): DraftMessage {
  const said = (message ?? {}) as Record<string, unknown>;
  const isPlain = Object.keys(said).every((key) => key === "role" || key === "content");
  const { role, content } = said;
  if (isPlain && typeof role === "string" && typeof content === "string") return newMessage(role, content);
  return newMessage(typeof role === "string" ? role : "", JSON.stringify(message, null, 2), true);
}

/** The template as the server takes it. Throws a SyntaxError for a message that is not JSON. */
export function writtenOf(draft: Draft): string {
  if (!draft.chat) return draft.text;
  // Each message as it was written: reading and writing it again could change its numbers.
  const messages = draft.messages.map(({ role, text, isJson }) => {
    if (!isJson) return JSON.stringify({ role, content: text });
    JSON.parse(text);
    return text;
  });
  return `[${messages.join(",")}]`;
}

/** The messages with one moved up (−1) or down (1). */
export function moved(messages: readonly DraftMessage[], index: number, by: -1 | 1): DraftMessage[] {
  const [one, other] = [messages[index], messages[index + by]];
  if (!one || !other) return [...messages];
  return messages.map((message, at) => (at === index ? other : at === index + by ? one : message));
}
