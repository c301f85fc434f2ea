import { Button } from "~/shared/Button";
import { number } from "~/shared/quantities";

import css from "./parts.module.css";
import { type Challenger, controlPercent, type TrialForm } from "./trialForm";

type Props = { form: TrialForm; change: (part: Partial<TrialForm>) => void; model: string };

/** The control and its challengers. */
export function ArmFields({ form, change, model }: Props) {
  const set = (place: number, part: Partial<Challenger>) =>
    change({ challengers: form.challengers.map((one, index) => (index === place ? { ...one, ...part } : one)) });
  return (
    <fieldset className={css.set}>
      <legend>Arms</legend>
      <div className={css.fields}>
        <label>
          Control
          <input required value={form.control} onChange={(event) => change({ control: event.target.value })} />
        </label>
        <label>
          Its model
          <input
            required
            value={form.controlModel}
            onChange={(event) => change({ controlModel: event.target.value })}
          />
        </label>
        <p className={css.field}>
          Its share
          <strong>{number(controlPercent(form))} %</strong>
        </p>
      </div>
      {form.challengers.map((one, place) => (
        <div key={place} className={css.fields}>
          <label>
            Challenger {place + 1}
            <input required value={one.name} onChange={(event) => set(place, { name: event.target.value })} />
          </label>
          <label>
            Model of challenger {place + 1}
            <input
              required
              value={one.model}
              placeholder={`models:/${model || "NAME"}/VERSION`}
              onChange={(event) => set(place, { model: event.target.value })}
            />
          </label>
          <label>
            Share of challenger {place + 1} (%)
            <input
              required
              type="number"
              min={0.1}
              max={99.9}
              step={0.1}
              value={one.percent}
              onChange={(event) => set(place, { percent: event.target.value })}
            />
          </label>
          {form.challengers.length > 1 && (
            <Button onClick={() => change({ challengers: form.challengers.filter((_, index) => index !== place) })}>
              Leave {one.name || "it"} out
            </Button>
          )}
        </div>
      ))}
      <div>
        <Button
          onClick={() =>
            change({
              challengers: [
                ...form.challengers,
                { name: `challenger-${form.challengers.length + 1}`, model: "", percent: "10" },
              ],
            })
          }
        >
          One more challenger
        </Button>
      </div>
    </fieldset>
  );
}
