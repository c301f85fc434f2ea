/** People who are mentioned in Markdown, as elements of their own: a plugin of remark. */

/** A part of a Markdown text, as remark has it. */
export type Part = {
  type: string;
  value?: string;
  url?: string;
  children?: Part[];
  data?: { hName: string; hProperties: Record<string, string> };
};

/** As the server finds them (`quire.domain.mentions`). */
const MENTION =
  /(?<![\p{L}\p{N}_@.+\-/])@(?:"([^"\n]{1,255})"|([\p{L}\p{N}_](?:[\p{L}\p{N}_.+\-@]{0,253}[\p{L}\p{N}_])?))/gu;
const MAILTO = "mailto:";

/** Makes a span with the attribute `data-mention` of each mention of a person that `counts`. */
export function markMentions(counts: (name: string) => boolean) {
  return () => (tree: Part) => mark(tree, counts);
}

/** The names that a text mentions, each once; those in code too. */
export function mentionsIn(text: string): string[] {
  const names = [...text.matchAll(MENTION)].map((match) => (match[1] ?? match[2] ?? "").trim());
  return [...new Set(names)].filter((name) => name !== "");
}

function mark(part: Part, counts: (name: string) => boolean): void {
  if (!part.children) return;
  part.children = joined(part.children).flatMap((child) => {
    if (child.type === "text") return pieces(child.value ?? "", counts);
    mark(child, counts);
    return [child];
  });
}

/** What stands after an @ is no link to an e-mail address, though it looks like one. */
function joined(parts: readonly Part[]): Part[] {
  const found: Part[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    const text = part.type === "text" ? part.value : afterAt(last, part);
    if (text !== undefined && last?.type === "text") last.value = `${last.value ?? ""}${text}`;
    else found.push(part);
  }
  return found;
}

function afterAt(last: Part | undefined, part: Part): string | undefined {
  if (part.type !== "link" || !part.url?.startsWith(MAILTO) || !last?.value?.endsWith("@")) return undefined;
  const text = part.children?.map((child) => child.value ?? "").join("");
  return text === part.url.slice(MAILTO.length) ? text : undefined;
}

function pieces(text: string, counts: (name: string) => boolean): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    const name = (match[1] ?? match[2] ?? "").trim();
    if (!name || !counts(name)) continue;
    found.push({ type: "text", value: text.slice(from, match.index) }, mention(name));
    from = match.index + match[0].length;
  }
  return [...found, { type: "text", value: text.slice(from) }];
}

function mention(name: string): Part {
  return {
    type: "mention",
    data: { hName: "span", hProperties: { dataMention: name } },
    children: [{ type: "text", value: `@${name}` }],
  };
}
