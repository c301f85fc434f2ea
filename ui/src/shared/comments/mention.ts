/** The name that is being typed after an @, and a text with the name that was chosen. */

/** Where a mention that is being typed begins (at its @), and what of the name is there. */
export type Typing = { start: number; prefix: string };

const TYPED = /(?:^|[^\p{L}\p{N}_@.+\-/])@(?:"([^"\n]{0,255})|([\p{L}\p{N}_.+\-@]{0,255}))$/u;
const PLAIN = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_.+\-@]*[\p{L}\p{N}_])?$/u;

/** The mention that ends where the caret is. */
export function typedAt(text: string, caret: number): Typing | undefined {
  const before = text.slice(0, caret);
  const found = TYPED.exec(before);
  if (!found) return undefined;
  const prefix = found[1] ?? found[2] ?? "";
  const mark = found[1] === undefined ? "@" : '@"';
  return { start: caret - prefix.length - mark.length, prefix };
}

/** The text with a name in place of what was typed of it, and where the caret is then. */
export function mentioning(text: string, typing: Typing, caret: number, name: string): { text: string; caret: number } {
  const mention = `${PLAIN.test(name) ? `@${name}` : `@"${name}"`} `;
  const rest = text.slice(caret);
  const after = rest.startsWith(" ") ? rest.slice(1) : rest;
  return { text: text.slice(0, typing.start) + mention + after, caret: typing.start + mention.length };
}
