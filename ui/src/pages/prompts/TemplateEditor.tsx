import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";

import { Button } from "~/shared/Button";

import { type Draft, type DraftMessage, moved, newMessage } from "./draft";
import css from "./Editor.module.css";

type Props = { draft: Draft; change: (draft: Draft) => void };

/** A template being written: as text, or as messages. */
export function TemplateEditor({ draft, change }: Props) {
  return (
    <fieldset className={css.fields}>
      <legend>Template</legend>
      <div className="row" role="group" aria-label="Kind of template">
        <label className={css.choice}>
          <input type="radio" checked={!draft.chat} onChange={() => change({ ...draft, chat: false })} /> Text
        </label>
        <label className={css.choice}>
          <input type="radio" checked={draft.chat} onChange={() => change({ ...draft, chat: true })} /> Messages
        </label>
        <span className="small muted">
          A variable is <code>{"{{name}}"}</code>; <code>{"{{> other@alias }}"}</code> includes another prompt.
        </span>
      </div>
      {draft.chat ? (
        <Messages draft={draft} change={change} />
      ) : (
        <textarea
          aria-label="Text of the template"
          className={css.text}
          rows={10}
          value={draft.text}
          onChange={(event) => change({ ...draft, text: event.target.value })}
        />
      )}
    </fieldset>
  );
}

function Messages({ draft, change }: Props) {
  const set = (messages: DraftMessage[]) => change({ ...draft, messages });
  return (
    <>
      <ol className={css.messages}>
        {draft.messages.map((message, index) => (
          <Message
            key={message.id}
            message={message}
            number={index + 1}
            change={(next) => set(draft.messages.map((one) => (one.id === next.id ? next : one)))}
            move={(by) => set(moved(draft.messages, index, by))}
            remove={() => set(draft.messages.filter(({ id }) => id !== message.id))}
            isLast={index === draft.messages.length - 1}
          />
        ))}
      </ol>
      <div className="row">
        <Button onClick={() => set([...draft.messages, newMessage("user")])}>Add a message</Button>
      </div>
    </>
  );
}

type MessageProps = {
  message: DraftMessage;
  number: number;
  change: (message: DraftMessage) => void;
  move: (by: -1 | 1) => void;
  remove: () => void;
  isLast: boolean;
};

function Message({ message, number, change, move, remove, isLast }: MessageProps) {
  const name = `message ${number}`;
  return (
    <li className={css.message}>
      <div className="row">
        {message.isJson ? (
          <span className="muted small">Message as JSON</span>
        ) : (
          <input
            aria-label={`Role of ${name}`}
            list="prompt-roles"
            value={message.role}
            onChange={(event) => change({ ...message, role: event.target.value })}
          />
        )}
        <datalist id="prompt-roles">
          {["system", "developer", "user", "assistant"].map((role) => (
            <option key={role} value={role} />
          ))}
        </datalist>
        <span className="grow" />
        <Button look="quiet" onClick={() => move(-1)} disabled={number === 1} title={`Move ${name} up`}>
          <ArrowUp size={14} aria-hidden />
          <span className="visually-hidden">Move {name} up</span>
        </Button>
        <Button look="quiet" onClick={() => move(1)} disabled={isLast} title={`Move ${name} down`}>
          <ArrowDown size={14} aria-hidden />
          <span className="visually-hidden">Move {name} down</span>
        </Button>
        <Button look="quiet" onClick={remove} title={`Remove ${name}`}>
          <Trash2 size={14} aria-hidden />
          <span className="visually-hidden">Remove {name}</span>
        </Button>
      </div>
      <textarea
        aria-label={`Content of ${name}`}
        className={css.text}
        rows={message.isJson ? 8 : 4}
        value={message.text}
        onChange={(event) => change({ ...message, text: event.target.value })}
      />
    </li>
  );
}
