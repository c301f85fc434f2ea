import { Trash2 } from "lucide-react";
import { useId, useState } from "react";

import { Button } from "~/shared/Button";
import { COMMON } from "~/shared/policy/policy";

import css from "./Playground.module.css";
import { valueOf } from "./variants";

type Params = Record<string, unknown>;

const NAMES = [...Object.keys(COMMON), "response_format", "tools", "tool_choice"];

/** Any parameters, as the service names them; a value is JSON, or a word. */
export function FreeParameters({ params, change }: { params: Params; change: (params: Params) => void }) {
  const [name, setName] = useState("");
  const list = useId();
  const add = () => {
    const wanted = name.trim();
    if (wanted && !(wanted in params)) change({ ...params, [wanted]: "" });
    setName("");
  };
  return (
    <div className="stack">
      {Object.entries(params).map(([key, value]) => (
        <div key={key} className={css.free}>
          <label className={css.field}>
            <span className="mono">{key}</span>
            <Value value={value} set={(next) => change({ ...params, [key]: next })} />
          </label>
          <Button
            look="quiet"
            aria-label={`Remove ${key}`}
            title="Remove"
            onClick={() => change(Object.fromEntries(Object.entries(params).filter(([other]) => other !== key)))}
          >
            <Trash2 size={14} aria-hidden />
          </Button>
        </div>
      ))}
      <form
        className={css.free}
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label className={css.field}>
          <span>Another parameter</span>
          <input value={name} list={list} placeholder="temperature" onChange={(event) => setName(event.target.value)} />
        </label>
        <Button type="submit" disabled={!name.trim()}>
          Add
        </Button>
        <datalist id={list}>
          {NAMES.filter((common) => !(common in params)).map((common) => (
            <option key={common} value={common} />
          ))}
        </datalist>
      </form>
    </div>
  );
}

function Value({ value, set }: { value: unknown; set: (value: unknown) => void }) {
  const [typed, setText] = useState("");
  // What was typed stands as long as it says the value: a base that is read, or a copy, brings another.
  const isTyped = JSON.stringify(valueOf(typed)) === JSON.stringify(value);
  const text = isTyped ? typed : typeof value === "string" ? value : JSON.stringify(value);
  return (
    <input
      value={text}
      placeholder="0.7"
      onChange={(event) => {
        setText(event.target.value);
        set(valueOf(event.target.value));
      }}
    />
  );
}
