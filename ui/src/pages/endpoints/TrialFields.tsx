import { Select } from "~/shared/Select";

import css from "./parts.module.css";
import { MEASURED, type TrialForm } from "./trialForm";

type Props = { form: TrialForm; change: (part: Partial<TrialForm>) => void };
type TextField = { [F in keyof TrialForm]: TrialForm[F] extends string ? F : never }[keyof TrialForm];

/** What is looked at: the metric that decides, others, and what no arm may spoil. */
export function MetricFields(props: Props) {
  const { form, change } = props;
  return (
    <fieldset className={css.set}>
      <legend>Metrics</legend>
      <div className={css.fields}>
        <Text {...props} field="metric" label="Metric that decides" required list />
        <Text {...props} field="low" label="Its least value" type="number" hint="unbounded" />
        <Text {...props} field="high" label="Its greatest value" type="number" hint="unbounded" />
        <Check
          label="Higher is better"
          checked={form.higherIsBetter}
          change={(higherIsBetter) => change({ higherIsBetter })}
        />
      </div>
      <div className="row">
        Looked at too:
        {MEASURED.map((name) => (
          <Check
            key={name}
            label={name}
            checked={form.measured.includes(name)}
            change={(on) =>
              change({ measured: on ? [...form.measured, name] : form.measured.filter((one) => one !== name) })
            }
          />
        ))}
      </div>
      <div className={css.fields}>
        <Text {...props} field="failures" label="Guard: failures, points more (%)" type="number" hint="no guardrail" />
        <Text {...props} field="latency" label="Guard: latency, more (%)" type="number" hint="no guardrail" />
        <Text {...props} field="cost" label="Guard: cost, more (%)" type="number" hint="no guardrail" />
      </div>
    </fieldset>
  );
}

/** When it ends, and what then happens. */
export function RuleFields(props: Props) {
  const { form, change } = props;
  return (
    <fieldset className={css.set}>
      <legend>Stopping rule</legend>
      <div className={css.fields}>
        <Text {...props} field="confidence" label="Confidence (%)" type="number" required />
        <Text {...props} field="leastUnits" label="Units of each arm before a verdict" type="number" required />
        <Text {...props} field="mostUnits" label="Units at most" type="number" hint="any number" />
        <Text {...props} field="mostDays" label="Days at most" type="number" hint="any number" />
      </div>
      <Check
        label="Promote the winner at once, for everybody"
        checked={form.promotes}
        change={(promotes) => change({ promotes })}
      />
    </fieldset>
  );
}

/** Who takes part. */
export function TrafficFields(props: Props) {
  const { form, change } = props;
  return (
    <details>
      <summary>Name, traffic, ramp</summary>
      <div className={css.fields}>
        <Text {...props} field="name" label="Name of the trial" />
        <label>
          Traffic is shared out
          <Select
            value={form.allocation}
            onChange={(event) => {
              const kind = event.target.value;
              change({ allocation: kind === "thompson" || kind === "track-and-stop" ? kind : "fixed" });
            }}
          >
            <option value="fixed">by these shares</option>
            <option value="thompson">more to what does better (Thompson)</option>
            <option value="track-and-stop">so that the best is found soonest</option>
          </Select>
        </label>
        <Text {...props} field="holdout" label="Held out for good (%)" type="number" hint="0" />
        <Text {...props} field="ramp" label="Ramp" hint="0s 10%, 1h 50%, 1d 100%" />
        <Text {...props} field="namespace" label="Namespace" hint="everybody" />
      </div>
    </details>
  );
}

type TextProps = Props & {
  field: TextField;
  label: string;
  type?: "number";
  hint?: string;
  required?: boolean;
  list?: boolean;
};

function Text({ form, change, field, label, type, hint, required, list }: TextProps) {
  return (
    <label>
      {label}
      <input
        type={type ?? "text"}
        step="any"
        required={required}
        placeholder={hint}
        list={list ? "metrics" : undefined}
        value={form[field]}
        onChange={(event) => change({ [field]: event.target.value })}
      />
      {list && (
        <datalist id="metrics">
          {["thumb", "stars", ...MEASURED].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </label>
  );
}

function Check({ label, checked, change }: { label: string; checked: boolean; change: (on: boolean) => void }) {
  return (
    <label className="row">
      <input type="checkbox" checked={checked} onChange={(event) => change(event.target.checked)} />
      {label}
    </label>
  );
}
