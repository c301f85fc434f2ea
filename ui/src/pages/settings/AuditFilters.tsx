import { type SyntheticEvent, useState } from "react";

import { Button } from "~/shared/Button";
import { Select } from "~/shared/Select";

import css from "./settings.module.css";
import { useSettings } from "./useSettings";

const DAYS = [
  { value: "", label: "all time" },
  { value: "1", label: "the last day" },
  { value: "7", label: "the last 7 days" },
  { value: "30", label: "the last 30 days" },
  { value: "365", label: "the last year" },
];

/** What the audit log is narrowed to. */
export function AuditFilters() {
  const { search } = useSettings();
  return <Form key={[search.who, search.action, search.entity, search.days].join("\n")} />;
}

function Form() {
  const { search, change } = useSettings();
  const [who, setWho] = useState(search.who ?? "");
  const [action, setAction] = useState(search.action ?? "");
  const [entity, setEntity] = useState(search.entity ?? "");
  const [days, setDays] = useState(String(search.days ?? ""));
  const seek = (event: SyntheticEvent) => {
    event.preventDefault();
    const named = action.trim().replaceAll(" ", "_");
    change({
      who: who.trim() || undefined,
      action: named || undefined,
      entity: entity.trim() || undefined,
      days: days === "" ? undefined : Number(days),
      page: undefined,
    });
  };
  return (
    <form className={css.filters} onSubmit={seek} role="search" aria-label="Narrow the audit log">
      <label className={css.field}>
        Who
        <input value={who} placeholder="a user name" onChange={(event) => setWho(event.target.value)} />
      </label>
      <label className={css.field}>
        Did what
        <input value={action} placeholder="revoke token" onChange={(event) => setAction(event.target.value)} />
      </label>
      <label className={css.field}>
        To what
        <input value={entity} placeholder="user:ada, run:ID" onChange={(event) => setEntity(event.target.value)} />
      </label>
      <label className={css.field}>
        In
        <Select value={days} onChange={(event) => setDays(event.target.value)}>
          {DAYS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </label>
      <Button type="submit">Find</Button>
    </form>
  );
}
