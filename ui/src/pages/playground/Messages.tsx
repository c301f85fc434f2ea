import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";

import { Button } from "~/shared/Button";
import { Select } from "~/shared/Select";

import { Content } from "./Content";
import css from "./Playground.module.css";
import { type Message, moved, type Template } from "./variants";

const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** The template: one text, or messages that are added, removed and moved. */
export function Messages({ template, change }: { template: Template; change: (template: Template) => void }) {
  if (typeof template === "string") {
    return (
      <div className="stack">
        <label className={css.field}>
          <span>Text</span>
          <textarea rows={6} dir="auto" value={template} onChange={(event) => change(event.target.value)} />
        </label>
        <div className="row">
          <Button onClick={() => change([{ role: "user", content: template }])}>As messages</Button>
        </div>
      </div>
    );
  }
  const replace = (at: number, message: Message) =>
    change(template.map((other, index) => (index === at ? message : other)));
  const add = () => change([...template, { role: nextRole(template), content: "" }]);
  return (
    <div className="stack">
      <ol className={css.messages} aria-label="Messages">
        {template.map((message, index) => (
          <li key={index} className={css.message}>
            <div className="row">
              <label className="grow">
                <span className="visually-hidden">Role of message {index + 1}</span>
                <Select
                  value={typeof message["role"] === "string" ? message["role"] : ""}
                  onChange={(event) => replace(index, { ...message, role: event.target.value })}
                >
                  {rolesWith(message["role"]).map((role) => (
                    <option key={role}>{role}</option>
                  ))}
                </Select>
              </label>
              <Button
                look="quiet"
                disabled={index === 0}
                aria-label={`Move message ${index + 1} up`}
                title="Move up"
                onClick={() => change(moved(template, index, -1))}
              >
                <ArrowUp size={14} aria-hidden />
              </Button>
              <Button
                look="quiet"
                disabled={index === template.length - 1}
                aria-label={`Move message ${index + 1} down`}
                title="Move down"
                onClick={() => change(moved(template, index, 1))}
              >
                <ArrowDown size={14} aria-hidden />
              </Button>
              <Button
                look="quiet"
                disabled={template.length === 1}
                aria-label={`Remove message ${index + 1}`}
                title="Remove"
                onClick={() => change(template.filter((_, other) => other !== index))}
              >
                <Trash2 size={14} aria-hidden />
              </Button>
            </div>
            <Content
              label={`Message ${index + 1}`}
              content={message["content"]}
              change={(content) => replace(index, { ...message, content })}
            />
          </li>
        ))}
      </ol>
      <div className="row">
        <Button onClick={add}>Add a message</Button>
      </div>
    </div>
  );
}

function nextRole(template: readonly Message[]): string {
  return template.at(-1)?.["role"] === "user" ? "assistant" : "user";
}

function rolesWith(role: unknown): string[] {
  return typeof role === "string" && !ROLES.includes(role) ? [role, ...ROLES] : ROLES;
}
