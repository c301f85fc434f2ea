import { useState } from "react";

import type { Experiment } from "~/api/types";
import { Button } from "~/shared/Button";
import { Select } from "~/shared/Select";

import { Field } from "./Field";
import css from "./Filters.module.css";
import { type Since, SPANS_OF_TIME, type State, STATES, type TracesSearch } from "./search";

type Props = { search: TracesSearch; change: (changed: TracesSearch) => void; experiments: readonly Experiment[] };

const TIMES: Record<Since, string> = {
  "1h": "last hour",
  "24h": "last 24 hours",
  "7d": "last 7 days",
  "30d": "last 30 days",
};
const FURTHER = ["slower", "costlier", "model", "session", "user", "run", "name", "filter"] as const;
const CLEARED: TracesSearch = {
  ...Object.fromEntries([...FURTHER, "text", "status", "since", "from", "to"].map((name) => [name, undefined])),
};

/** What narrows the list; all of it is in the address. */
export function Filters({ search, change, experiments }: Props) {
  const used = FURTHER.filter((name) => search[name] !== undefined).length;
  const [open, setOpen] = useState(used > 0);
  const narrowed = Object.keys(CLEARED).some((name) => search[name as keyof TracesSearch] !== undefined);
  return (
    <search className={css.filters}>
      <div className={css.line}>
        <Places search={search} change={change} experiments={experiments} />
        <Choice
          label="Status"
          none="any"
          value={search.status}
          options={STATES.map((state) => [state, state.toLowerCase().replace("_", " ")] as [State, string])}
          choose={(status) => change({ status })}
        />
        <Choice
          label="Time"
          none={search.from === undefined && search.to === undefined ? "any" : "chosen in the chart"}
          value={search.since}
          options={SPANS_OF_TIME.map((since) => [since, TIMES[since]] as [Since, string])}
          choose={(since) => change({ since, from: undefined, to: undefined })}
        />
        <Field label="Text in inputs or outputs" value={search.text} put={(text) => change({ text })} wide />
        <Button aria-expanded={open} onClick={() => setOpen(!open)}>
          More filters{used > 0 && ` (${used})`}
        </Button>
        {narrowed && <Button onClick={() => change(CLEARED)}>Clear</Button>}
      </div>
      {open && <Further search={search} change={change} />}
    </search>
  );
}

function Further({ search, change }: Omit<Props, "experiments">) {
  const number = (text: string | undefined) =>
    text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);
  return (
    <div className={css.line}>
      <Field label="Latency from, ms" value={search.slower} put={(text) => change({ slower: number(text) })} numeric />
      <Field label="Cost from, $" value={search.costlier} put={(text) => change({ costlier: number(text) })} numeric />
      <Field label="Model" value={search.model} put={(model) => change({ model })} />
      <Field label="Name" value={search.name} put={(name) => change({ name })} />
      <Field label="Session" value={search.session} put={(session) => change({ session })} />
      <Field label="User" value={search.user} put={(user) => change({ user })} />
      <Field label="Run id" value={search.run} put={(run) => change({ run })} />
      <Field
        label="Filter"
        value={search.filter}
        put={(filter) => change({ filter })}
        hint="tags.team = 'a' AND feedback.correct = 'true' AND span.name = 'search'"
        wide
      />
    </div>
  );
}

function Places({ search, change, experiments }: Props) {
  const chosen = search.experiments ?? [];
  const known = experiments.map((item) => item.experiment_id);
  return (
    <label className={css.field}>
      Experiment
      <Select
        value={chosen.length > 1 ? "several" : (chosen[0] ?? "")}
        onChange={(event) => change({ experiments: event.target.value ? [event.target.value] : undefined })}
      >
        <option value="">all</option>
        {chosen.length > 1 && <option value="several">{chosen.length} experiments</option>}
        {chosen.length === 1 && !known.includes(chosen[0] ?? "") && <option value={chosen[0]}>{chosen[0]}</option>}
        {experiments.map((item) => (
          <option key={item.experiment_id} value={item.experiment_id}>
            {item.name}
          </option>
        ))}
      </Select>
    </label>
  );
}

type Chosen<T extends string> = {
  label: string;
  none: string;
  value: T | undefined;
  options: [T, string][];
  choose: (value: T | undefined) => void;
};

function Choice<T extends string>({ label, none, value, options, choose }: Chosen<T>) {
  return (
    <label className={css.field}>
      {label}
      <Select
        value={value ?? ""}
        onChange={(event) => choose(options.find(([key]) => key === event.target.value)?.[0])}
      >
        <option value="">{none}</option>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </Select>
    </label>
  );
}
