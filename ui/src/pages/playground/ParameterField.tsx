import css from "./Playground.module.css";
import { type Parameter, shownDefault } from "./scorers";
import { Select } from "~/shared/Select";

type Props = { parameter: Parameter; text: string; set: (text: string) => void };

const AREAS = ["prose", "texts", "levels", "json"];
const HINTS: Record<string, string> = {
  texts: "one a line",
  levels: "1: Not at all\n5: Entirely",
  json: "{…}",
  judge: "models:/judge@champion",
};

/** One parameter of a scorer, by its kind; empty, it is its default. */
export function ParameterField({ parameter, text, set }: Props) {
  return (
    <label className={css.field}>
      <span className="mono">{parameter.name}</span>
      <Input parameter={parameter} text={text} set={set} />
    </label>
  );
}

function Input({ parameter, text, set }: Props) {
  const { kind, required } = parameter;
  const unset = shownDefault(parameter.default);
  if (kind === "flag" || kind === "choice") {
    const choices = kind === "flag" ? ["true", "false"] : parameter.choices;
    return (
      <Select value={text} onChange={(event) => set(event.target.value)}>
        <option value="">{unset === "" ? "not set" : `${unset} (unless set)`}</option>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </Select>
    );
  }
  const hint = unset || (HINTS[kind] ?? "");
  if (AREAS.includes(kind)) {
    return (
      <textarea
        rows={kind === "texts" ? 2 : 3}
        dir="auto"
        required={required}
        placeholder={hint}
        value={text}
        onChange={(event) => set(event.target.value)}
      />
    );
  }
  const isNumber = kind === "whole" || kind === "number";
  return (
    <input
      type={isNumber ? "number" : "text"}
      {...(isNumber && { step: kind === "whole" ? 1 : "any" })}
      spellCheck={false}
      required={required}
      placeholder={hint}
      value={text}
      onChange={(event) => set(event.target.value)}
    />
  );
}
