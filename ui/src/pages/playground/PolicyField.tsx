import type { Schemas } from "~/api/types";
import { toNumber } from "~/api/types";
import { Select } from "~/shared/Select";

import css from "./Playground.module.css";
import { valueOf } from "./variants";

type Field = Schemas["ParamField"];
type Props = { field: Field; value: unknown; set: (value: unknown) => void };

const WHOLE = ["integer", "long"];
const NUMBERS = [...WHOLE, "float", "double"];

/** One parameter of a policy, by its type, bounds and choices; empty, it is what the policy says. */
export function PolicyField({ field, value, set }: Props) {
  return (
    <label className={css.field}>
      <span className="mono">{field.name}</span>
      <Input field={field} value={value} set={set} />
      <span className="muted small">{field.expectation}</span>
    </label>
  );
}

function Input({ field, value, set }: Props) {
  const unset = field.unset === undefined || field.unset === null ? "" : shown(field.unset);
  if (!field.is_list && (field.choices || field.type === "boolean")) {
    const choices: unknown[] = field.choices ?? [true, false];
    const chosen = choices.findIndex((choice) => choice === value);
    return (
      <Select value={chosen} onChange={(event) => set(choices[Number(event.target.value)])}>
        <option value={-1}>{unset === "" ? "not set" : `${unset} (unless set)`}</option>
        {choices.map((choice, index) => (
          <option key={index} value={index}>
            {shown(choice)}
          </option>
        ))}
      </Select>
    );
  }
  const isNumber = !field.is_list && NUMBERS.includes(field.type);
  return (
    <input
      type={isNumber ? "number" : "text"}
      placeholder={unset}
      value={value === undefined ? "" : shown(value)}
      {...(isNumber && {
        step: WHOLE.includes(field.type) ? 1 : "any",
        min: bound(field.minimum),
        max: bound(field.maximum),
      })}
      onChange={(event) => {
        const { value: text } = event.target;
        const plain = field.type === "string" && !field.is_list;
        set(text === "" ? undefined : plain ? text : valueOf(text));
      }}
    />
  );
}

function bound(value: string | number | undefined | null): number | undefined {
  const number = toNumber(value);
  return Number.isFinite(number) ? number : undefined;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
