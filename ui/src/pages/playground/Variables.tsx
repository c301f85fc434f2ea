import { useState } from "react";

import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";

import { DatasetRows } from "./DatasetRows";
import css from "./Playground.module.css";

type Values = Record<string, string>;

/** The variables of all templates, each with one value that all variants share. */
export function Variables(props: {
  names: readonly string[];
  /** Whether more may come at once: what is below waits for it. */
  coming: boolean;
  values: Values;
  change: (values: Values) => void;
}) {
  const { names, coming, values, change } = props;
  const [choosing, setChoosing] = useState(false);
  return (
    <section className="card stack" aria-labelledby="variables" data-coming={coming ? "" : undefined}>
      <div className="row">
        <h2 id="variables" className="grow">
          Variables
        </h2>
        <Button onClick={() => setChoosing(true)}>Fill from a dataset</Button>
        <Button look="quiet" onClick={() => change({})}>
          Clear
        </Button>
      </div>
      <div className={css.fields}>
        {names.length === 0 && (
          <p className="muted small">
            Write <code>{"{{name}}"}</code> in a message, and a field for its value stands here.
          </p>
        )}
        {names.map((name) => (
          <label key={name} className={css.field}>
            <Cut text={name} mono />
            <textarea
              rows={2}
              dir="auto"
              value={values[name] ?? ""}
              onChange={(event) => change({ ...values, [name]: event.target.value })}
            />
          </label>
        ))}
      </div>
      <DatasetRows
        open={choosing}
        close={() => setChoosing(false)}
        choose={(inputs) => change({ ...values, ...inputs })}
      />
    </section>
  );
}
