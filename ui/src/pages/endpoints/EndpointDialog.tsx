import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import { at, type Draft, read, textOf, withValue } from "./draft";
import css from "./parts.module.css";
import type { Endpoint } from "./queries";

type Props = { endpoint?: Endpoint; close: () => void; saved?: (name: string) => void };
type Field = { label: string; path: string[]; kind?: "number"; hint?: string; step?: number };

const FIELDS: Field[] = [
  { label: "Model", path: ["model"], hint: "models:/joker@champion" },
  { label: "Description", path: ["description"] },
  { label: "Upstream", path: ["upstream", "base_url"], hint: "the server's environment" },
  { label: "Upstream's model name", path: ["upstream", "model"], hint: "the packaged one" },
  { label: "Variable with the key", path: ["upstream", "api_key_env"], hint: "OPENAI_API_KEY" },
  { label: "Requests at once", path: ["limits", "concurrency"], kind: "number" },
  { label: "Requests a minute", path: ["limits", "requests_per_minute"], kind: "number", hint: "any number" },
  { label: "Keep answers for (s)", path: ["caching", "ttl_s"], kind: "number", hint: "none is kept" },
  { label: "Share traced (0 to 1)", path: ["trace_sample"], kind: "number", step: 0.01, hint: "1" },
];

/** Makes an endpoint or changes one: its usual fields, or all of it as JSON. The server says what is wrong. */
export function EndpointDialog({ endpoint: given, close, saved }: Props) {
  // What was looked at when the dialog was opened: a change by somebody else meanwhile is not overwritten.
  const [endpoint] = useState(given);
  const [text, setText] = useState(endpoint ? textOf(endpoint) : '{\n  "name": "",\n  "model": ""\n}');
  const queries = useQueryClient();
  const say = useToast();
  const found = read(text);
  const draft = "draft" in found ? found.draft : undefined;
  return (
    <ReasonDialog
      title={endpoint ? `Change ${endpoint.name}` : "New endpoint"}
      act={endpoint ? "Change" : "Create"}
      open
      close={close}
      run={async (reason) => {
        if (!("draft" in found)) throw new Error(found.mistake);
        const { name } = found.draft;
        await api.PUT("/api/quire/v1/endpoints/{name}", {
          params: { path: { name } },
          body: { endpoint: found.draft, expected: endpoint?.revision ?? 0, reason },
        });
        await queries.invalidateQueries({ queryKey: ["endpoints"] });
        say(endpoint ? `${name} is changed` : `${name} is made`);
        saved?.(name);
      }}
    >
      <div className={css.fields}>
        {!endpoint && <DraftField field={{ label: "Name", path: ["name"] }} draft={draft} change={setText} />}
        {FIELDS.map((field) => (
          <DraftField key={field.label} field={field} draft={draft} change={setText} />
        ))}
      </div>
      <details>
        <summary>All of it as JSON</summary>
        <textarea
          aria-label="The endpoint as JSON"
          className={`mono ${css.whole}`}
          rows={14}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </details>
      {"mistake" in found && <p role="alert">{found.mistake}</p>}
    </ReasonDialog>
  );
}

type DraftProps = { field: Field; draft: Draft | undefined; change: (text: string) => void };

function DraftField({ field, draft, change }: DraftProps) {
  const { label, path, kind, hint, step } = field;
  const value = draft && at(draft, path);
  const shown = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const isNeeded = path.length === 1 && (path[0] === "name" || path[0] === "model");
  return (
    <label>
      {label}
      <input
        type={kind ?? "text"}
        step={step}
        disabled={draft === undefined}
        required={isNeeded}
        placeholder={hint}
        value={shown}
        onChange={(event) => {
          const written = event.target.value;
          const typed = kind === "number" ? Number(written) : written;
          if (draft) change(withValue(draft, path, written === "" && !isNeeded ? undefined : typed));
        }}
      />
    </label>
  );
}
