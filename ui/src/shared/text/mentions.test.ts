import { expect, test } from "vitest";

import { markMentions, mentionsIn, type Part } from "./mentions";

const text = (value: string): Part => ({ type: "text", value });
const paragraph = (...children: Part[]): Part => ({ type: "paragraph", children });

function marked(part: Part, counts: (name: string) => boolean = () => true): string {
  markMentions(counts)()(part);
  return shown(part);
}

function shown(part: Part): string {
  const name = part.data?.hProperties["dataMention"];
  return name === undefined ? (part.value ?? "") + (part.children ?? []).map(shown).join("") : `[${name}]`;
}

test("names after an @ are marked, with quotes where they need them", () => {
  expect(marked(paragraph(text('@ada and @"Ada Lovelace", see (@grace).')))).toBe(
    "[ada] and [Ada Lovelace], see ([grace]).",
  );
  expect(marked(paragraph(text("@ada@example.com. ask@home /@path @@x")))).toBe(
    "[ada@example.com]. ask@home /@path @@x",
  );
});

test("the names of a text are told, each once", () => {
  expect(mentionsIn('@ada, @"Ada Lovelace" and @ada')).toEqual(["ada", "Ada Lovelace"]);
});

test("only those are marked who were mentioned", () => {
  expect(marked(paragraph(text("@ada @grace")), (name) => name === "grace")).toBe("@ada [grace]");
});

test("code mentions nobody, and what is emphasised does", () => {
  const tree = paragraph({ type: "inlineCode", value: "@ada" }, { type: "strong", children: [text("@grace")] });
  expect(marked(tree)).toBe("@ada[grace]");
});

test("a name that looks like an e-mail address is a name after an @ alone", () => {
  const link = (address: string): Part => ({ type: "link", url: `mailto:${address}`, children: [text(address)] });
  expect(marked(paragraph(text("ask @"), link("ada@x.org"), text(", now")))).toBe("ask [ada@x.org], now");
  const plain = paragraph(text("write to "), link("ada@x.org"));
  expect(marked(plain)).toBe("write to ada@x.org");
  expect(plain.children?.map(({ type }) => type)).toEqual(["text", "link"]);
});
