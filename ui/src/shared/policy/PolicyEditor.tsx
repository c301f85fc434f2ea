import { Trash2 } from "lucide-react";
import { useId } from "react";

import { Button } from "../Button";

import css from "./Policy.module.css";
import { COMMON, isNumber, newParam, type ParamDraft, type PolicyDraft, TYPES } from "./policy";
import { Select } from "~/shared/Select";

type Props = { policy: PolicyDraft; change: (policy: PolicyDraft) => void };

/** A parameter policy as a form: which parameters a caller may set, within what. The server checks it. */
export function PolicyEditor({ policy, change }: Props) {
  const names = useId();
  const params = policy ?? [];
  return (
    <fieldset className={css.policy}>
      <legend>Parameter policy</legend>
      {policy === undefined && (
        <p className="muted small">There is none. A policy names the parameters that callers may set, and no others.</p>
      )}
      {policy?.length === 0 && <p className="muted small">It lets callers set nothing.</p>}
      {params.map((param, index) => (
        <Param
          key={param.id}
          param={param}
          number={index + 1}
          names={names}
          change={(next) => change(params.map((one) => (one.id === next.id ? next : one)))}
          remove={() => change(params.filter(({ id }) => id !== param.id))}
        />
      ))}
      <datalist id={names}>
        {Object.keys(COMMON).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div className="row">
        <Button onClick={() => change([...params, newParam()])}>Add a parameter</Button>
        {policy === undefined && <Button onClick={() => change([])}>Let callers set nothing</Button>}
        {policy !== undefined && <Button onClick={() => change(undefined)}>Remove the policy</Button>}
      </div>
    </fieldset>
  );
}

type ParamProps = {
  param: ParamDraft;
  number: number;
  names: string;
  change: (param: ParamDraft) => void;
  remove: () => void;
};

function Param({ param, number, names, change, remove }: ParamProps) {
  const called = param.name || `parameter ${number}`;
  if (param.type === "object") {
    return (
      <div className={css.param} role="group" aria-label={called}>
        <div className="row">
          <span className="mono">{param.name}</span>
          <span className="muted small">An object: it stays as it is, or is changed from Python.</span>
          <span className="grow" />
          <Remove called={called} remove={remove} />
        </div>
      </div>
    );
  }
  const rename = (name: string) => {
    const type = param.from ? undefined : COMMON[name];
    change({ ...param, name, ...(type && { type }) });
  };
  return (
    <div className={css.param} role="group" aria-label={called}>
      <div className={css.fields}>
        <Field label="Name" value={param.name} set={rename} list={names} />
        <label className={css.field}>
          <span>Type</span>
          <Select value={param.type} onChange={(event) => change({ ...param, type: event.target.value })}>
            {TYPES.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </Select>
        </label>
        <Field
          label={param.isList ? "Default, a JSON list" : "Default"}
          value={param.default}
          set={(text) => change({ ...param, default: text })}
        />
        {isNumber(param.type) && (
          <>
            <Field label="Minimum" value={param.minimum} set={(minimum) => change({ ...param, minimum })} isNumber />
            <Field label="Maximum" value={param.maximum} set={(maximum) => change({ ...param, maximum })} isNumber />
          </>
        )}
        <label className={css.field}>
          <span>Choices, one a line</span>
          <textarea
            rows={2}
            value={param.choices}
            onChange={(event) => change({ ...param, choices: event.target.value })}
          />
        </label>
      </div>
      <div className="row">
        <label className="row">
          <input
            type="checkbox"
            checked={param.isList}
            onChange={(event) => change({ ...param, isList: event.target.checked })}
          />
          A list
        </label>
        <span className="grow" />
        <Remove called={called} remove={remove} />
      </div>
    </div>
  );
}

function Remove({ called, remove }: { called: string; remove: () => void }) {
  return (
    <Button look="quiet" onClick={remove} title={`Take ${called} out of the policy`}>
      <Trash2 size={14} aria-hidden />
      <span className="visually-hidden">Take {called} out of the policy</span>
    </Button>
  );
}

type FieldProps = { label: string; value: string; set: (text: string) => void; list?: string; isNumber?: boolean };

function Field({ label, value, set, list, isNumber: number = false }: FieldProps) {
  return (
    <label className={css.field}>
      <span>{label}</span>
      <input
        value={value}
        list={list}
        spellCheck={false}
        {...(number && { type: "number", step: "any" })}
        onChange={(event) => set(event.target.value)}
      />
    </label>
  );
}
