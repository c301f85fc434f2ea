/** Messages found in what a model was asked and answered, in the forms of several APIs; anybody may have written it. */

/** A message as the OpenAI API writes it; every field may be anything, since others wrote it. */
export type Message = {
  role?: unknown;
  content?: unknown;
  name?: unknown;
  refusal?: unknown;
  tool_calls?: unknown;
  tool_call_id?: unknown;
  /** The older form of a call of a tool. */
  function_call?: unknown;
  /** An answer in sound, with what is said in it. */
  audio?: unknown;
  /** What a model thought before it answered, as some services send it. */
  reasoning_content?: unknown;
};

export type Tool = { name: string; definition: unknown };

type Fields = Record<string, unknown>;

/** The messages of a request or an answer, if that is what a value is: chat, responses, or a list of messages. */
export function messagesOf(value: unknown): Message[] | undefined {
  if (Array.isArray(value)) {
    const found = value.map(itemOf);
    return found.length > 0 && found.every(isMessage) ? found : undefined;
  }
  const said = fields(value);
  if (!said) return undefined;
  if (Array.isArray(said["messages"])) return messagesOf(said["messages"]);
  if (Array.isArray(said["choices"])) return messagesOf(said["choices"].map(choiceOf));
  if (said["object"] === "response" && Array.isArray(said["output"])) return messagesOf(said["output"]);
  const system = typeof said["instructions"] === "string" ? [{ role: "system", content: said["instructions"] }] : [];
  if (typeof said["input"] === "string" && "model" in said)
    return [...system, { role: "user", content: said["input"] }];
  if (typeof said["prompt"] === "string" && "model" in said) return [{ role: "user", content: said["prompt"] }];
  if (Array.isArray(said["input"])) {
    const found = messagesOf(said["input"]);
    return found && [...system, ...found];
  }
  const one = itemOf(value);
  return isMessage(one) ? [one] : undefined;
}

/** The tools that a request offers, by name. */
export function toolsOf(value: unknown): Tool[] {
  const given = fields(value)?.["tools"];
  if (!Array.isArray(given)) return [];
  return given.map((definition: unknown) => {
    const said = fields(definition) ?? {};
    const name = fields(said["function"])?.["name"] ?? said["name"] ?? said["type"];
    return { name: typeof name === "string" ? name : "tool", definition };
  });
}

/** The names of the tools that were called, by the ids of the calls. */
export function calledTools(messages: readonly Message[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { tool_calls: calls } of messages) {
    for (const call of Array.isArray(calls) ? calls : []) {
      const said = fields(call);
      const name = fields(said?.["function"])?.["name"] ?? fields(said?.["custom"])?.["name"];
      if (typeof said?.["id"] === "string" && typeof name === "string") found.set(said["id"], name);
    }
  }
  return found;
}

/** What a part of a message is besides text: a picture, sound or a file, in words; undefined for anything else. */
export function mediaOf(part: unknown): string | undefined {
  const said = fields(part);
  const type = said?.["type"];
  if (!said || typeof type !== "string") return undefined;
  if (type === "image_url" || type === "input_image") {
    return described("image", address(said["image_url"]) ?? text(said["file_id"]));
  }
  if (type === "input_audio" || type === "audio")
    return described("sound", text(fields(said["input_audio"])?.["data"]));
  if (type === "file" || type === "input_file") {
    const file = fields(said["file"]) ?? said;
    return described(text(file["filename"]) ?? "file", text(file["file_data"]) ?? text(file["file_id"]));
  }
  if (type === "image_generation_call") return described("image", text(said["result"]));
  if (type === "image")
    return described("image", text(fields(said["source"])?.["data"]) ?? text(fields(said["source"])?.["url"]));
  if (type === "blob" || type === "uri") {
    return described(text(said["modality"]) ?? "file", text(said["content"]) ?? text(said["uri"]));
  }
  return undefined;
}

/** A picture whose data stands in the message itself, as an address that loads nothing; undefined for any other part. */
export function pictureOf(part: unknown): string | undefined {
  const said = fields(part);
  const source = fields(said?.["source"]);
  const type = said?.["type"];
  const data =
    type === "image_generation_call"
      ? dataOf("image/png", text(said?.["result"]))
      : type === "image"
        ? dataOf(text(source?.["media_type"]), text(source?.["data"]))
        : type === "blob"
          ? dataOf(text(said?.["mime_type"]), text(said?.["content"]))
          : address(said?.["image_url"]);
  return data !== undefined && PICTURE.test(data) && data.length < LARGEST ? data : undefined;
}

/** Pictures of pixels alone: others can hold more than a picture. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/;
const LARGEST = 20_000_000;

function dataOf(type: string | undefined, data: string | undefined): string | undefined {
  return type && data ? `data:${type};base64,${data}` : undefined;
}

/** What is said in an answer in sound, and what is known of the sound; undefined if there is none. */
export function soundOf(audio: unknown): { what: string; transcript: string } | undefined {
  const said = fields(audio);
  if (!said) return undefined;
  return {
    what: described("sound", text(said["data"]) ?? text(said["id"])),
    transcript: text(said["transcript"]) ?? "",
  };
}

const SHOWN = 100;

function described(what: string, source: string | undefined): string {
  if (source === undefined) return what;
  const isAddress = /^https?:/i.test(source) || source.length < SHOWN;
  return isAddress ? `${what}: ${source.slice(0, SHOWN)}` : `${what}, ${source.length} characters of data`;
}

function address(image: unknown): string | undefined {
  return text(image) ?? text(fields(image)?.["url"]);
}

function choiceOf(choice: unknown): unknown {
  const said = fields(choice);
  return (
    said?.["message"] ?? (typeof said?.["text"] === "string" ? { role: "assistant", content: said["text"] } : choice)
  );
}

/** An item of a conversation as a message: of the Responses API, of OpenTelemetry's conventions, or one already. */
function itemOf(item: unknown): unknown {
  const said = fields(item);
  if (!said) return item;
  if (Array.isArray(said["parts"]) && typeof said["role"] === "string") return partsOf(said["role"], said["parts"]);
  switch (said["type"]) {
    case "function_call":
      return called(said["call_id"], said["name"], said["arguments"]);
    case "custom_tool_call":
      return called(said["call_id"], said["name"], said["input"]);
    case "function_call_output":
    case "custom_tool_call_output":
      return { role: "tool", tool_call_id: said["call_id"], content: said["output"] };
    case "image_generation_call":
      return { role: "assistant", content: [item] };
    case "reasoning":
      return { role: "reasoning", content: said["summary"] };
    case undefined:
    case "message":
      return item;
  }
  return typeof said["type"] === "string" && !("role" in said) ? { role: said["type"], content: item } : item;
}

function called(id: unknown, name: unknown, args: unknown): Message {
  return { role: "assistant", tool_calls: [{ id, function: { name, arguments: args } }] };
}

/** A message of OpenTelemetry's conventions. */
function partsOf(role: string, parts: unknown[]): Message {
  const result = fields(parts.find((part) => fields(part)?.["type"] === "tool_call_response"));
  if (result) return { role, tool_call_id: result["id"], content: result["response"] ?? result["result"] };
  const isCall = (part: unknown) => fields(part)?.["type"] === "tool_call";
  const content = parts
    .filter((part) => !isCall(part))
    .map((part) => {
      const said = fields(part);
      return said?.["type"] === "text" || said?.["type"] === "reasoning"
        ? { type: "text", text: said["content"] }
        : part;
    });
  const calls = parts.filter(isCall).map((part) => {
    const said = fields(part) ?? {};
    return { id: said["id"], function: { name: said["name"], arguments: said["arguments"] } };
  });
  return { role, content, ...(calls.length > 0 && { tool_calls: calls }) };
}

function isMessage(value: unknown): value is Message {
  return typeof fields(value)?.["role"] === "string";
}

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
