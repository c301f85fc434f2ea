import { ImageOff } from "lucide-react";
import { useState } from "react";

import { Badge } from "../Badge";
import { Button } from "../Button";

import css from "./Conversation.module.css";
import { Json } from "./Json";
import { LongText } from "./LongText";
import { calledTools, mediaOf, type Message, pictureOf, soundOf } from "./messages";
import { plain } from "./plain";

export { type Message, messagesOf, toolsOf } from "./messages";

type Props = {
  messages: readonly Message[];
  /** What is marked in their texts, such as the variables of a template. */
  mark?: RegExp | undefined;
};

/** Messages as a conversation: who said what, with calls of tools and their answers. */
export function Conversation({ messages, mark }: Props) {
  const tools = calledTools(messages);
  return (
    <ol className={css.conversation}>
      {messages.map((message, index) => (
        <li key={index} className={css.message} data-role={word(message.role)}>
          <div className="row">
            <Badge tone={message.role === "assistant" ? "accent" : "plain"}>{word(message.role) || "message"}</Badge>
            {typeof message.name === "string" && <span className="small muted">{plain(message.name)}</span>}
            {typeof message.tool_call_id === "string" && (
              <span className="small muted">
                {tools.has(message.tool_call_id) && `result of ${plain(tools.get(message.tool_call_id) ?? "")} `}
                <span className="mono">{plain(message.tool_call_id)}</span>
              </span>
            )}
          </div>
          {typeof message.reasoning_content === "string" && message.reasoning_content !== "" && (
            <details>
              <summary className="small">Reasoning</summary>
              <LongText text={message.reasoning_content} />
            </details>
          )}
          <Content content={message.content} mark={mark} />
          <Sound audio={message.audio} />
          {typeof message.refusal === "string" && message.refusal && (
            <div>
              <Badge tone="warn">refusal</Badge>
              <LongText text={message.refusal} />
            </div>
          )}
          {typeof message.function_call === "object" && message.function_call !== null && (
            <ToolCall call={{ function: message.function_call }} />
          )}
          {Array.isArray(message.tool_calls) &&
            message.tool_calls.map((call: unknown, at) => <ToolCall key={at} call={call} />)}
        </li>
      ))}
    </ol>
  );
}

function word(value: unknown): string {
  return typeof value === "string" ? plain(value) : "";
}

function Content({ content, mark }: { content: unknown; mark: RegExp | undefined }) {
  if (content === null || content === undefined || content === "") return null;
  if (typeof content === "string") return <LongText text={content} mark={mark} />;
  if (!Array.isArray(content)) return <Json value={content} />;
  return content.map((part: unknown, index) => <Part key={index} part={part} mark={mark} />);
}

function Part({ part, mark }: { part: unknown; mark: RegExp | undefined }) {
  const said = (part ?? {}) as Record<string, unknown>;
  const media = mediaOf(part);
  if (media !== undefined) return <Media what={media} picture={pictureOf(part)} />;
  if (typeof said["text"] === "string") return <LongText text={said["text"]} mark={mark} />;
  if (typeof said["refusal"] === "string") return <LongText text={said["refusal"]} />;
  return <Json value={part} />;
}

/**
 * A picture, sound or file is named, and never loaded: looking at a trace asks no other server for anything. A picture
 * whose data is in the message is shown when asked for.
 */
function Media({ what, picture }: { what: string; picture: string | undefined }) {
  const [shown, setShown] = useState(false);
  return (
    <div className={css.media}>
      <ImageOff size={16} aria-hidden /> {plain(what)}{" "}
      {picture === undefined ? (
        <span className="muted">(not loaded)</span>
      ) : (
        <Button onClick={() => setShown(!shown)}>{shown ? "Hide" : "Show"}</Button>
      )}
      {shown && picture !== undefined && <img src={picture} alt="What the message shows" className={css.picture} />}
    </div>
  );
}

/** An answer in sound: what is said in it. */
function Sound({ audio }: { audio: unknown }) {
  const sound = soundOf(audio);
  if (!sound) return null;
  return (
    <>
      <Media what={sound.what} picture={undefined} />
      {sound.transcript !== "" && <LongText text={sound.transcript} />}
    </>
  );
}

function ToolCall({ call }: { call: unknown }) {
  const said = (call ?? {}) as {
    id?: unknown;
    function?: { name?: unknown; arguments?: unknown };
    custom?: { name?: unknown; input?: unknown };
  };
  const name = word(said.function?.name) || word(said.custom?.name) || "a tool";
  return (
    <div className={css.tool}>
      <div className="row">
        <Badge tone="warn">calls {name}</Badge>
        <span className="small muted mono">{word(said.id)}</span>
      </div>
      <Json value={said.function?.arguments ?? said.custom?.input ?? call} />
    </div>
  );
}
