/** The events of an answer as they come over the wire. */
import { fetched } from "~/api/client";
import type { Schemas } from "~/api/types";

import type { Asked } from "./variants";

export type AnswerEvent = Schemas["AnswerEvents"]["event"];

/** Cuts a stream of text into the data of its server-sent events. */
export function cutter(): (text: string) => string[] {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      return data.length > 0 ? [data.map((line) => line.slice(5).trimStart()).join("\n")] : [];
    });
  };
}

/** What is asked of the server: a variant with its values, and where its trace goes, if it is traced. */
export type AskedFor = { variant: Asked; values: Record<string, string>; experiment_id: string; trace: boolean };

/** Ask a variant; tell each event. Ends when the answer has, or the signal says so; throws what the server refuses. */
export async function ask(asked: AskedFor, tell: (event: AnswerEvent) => void, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify(asked);
  const headers = { "content-type": "application/json" };
  const response = await fetched("api/quire/v1/playground/ask", { method: "POST", body, headers, signal });
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const cut = cutter();
  for (;;) {
    const { done, value } = await reader.read();
    const text = decoder.decode(value, { stream: !done });
    for (const data of cut(text)) tell((JSON.parse(data) as Schemas["AnswerEvents"]).event);
    if (done) return;
  }
}
