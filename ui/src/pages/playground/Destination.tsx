import { useExperiments } from "~/shared/experiments";
import { may, useMe } from "~/shared/me";
import { Select } from "~/shared/Select";

import css from "./Playground.module.css";

type Props = {
  /** The experiment's id; "" for the playground's own. */
  experiment: string;
  trace: boolean;
  choose: (experiment: string) => void;
  setTrace: (trace: boolean) => void;
};

const OWN = "playground";

/** Where traces of answers and runs of evaluations go, and whether answers are traced at all. */
export function Destination({ experiment, trace, choose, setTrace }: Props) {
  const me = useMe();
  const experiments = (useExperiments().data ?? []).filter(
    (one) =>
      one.experiment_id === experiment || (one.name !== OWN && may(me, "editor", "experiment", one.experiment_id)),
  );
  const isKnown = experiment === "" || experiments.some((one) => one.experiment_id === experiment);
  return (
    <div className={css.destination}>
      <label className="row">
        <span>Traces and evaluations go to</span>
        <Select value={experiment} onChange={(event) => choose(event.target.value)}>
          <option value="">{OWN}</option>
          {!isKnown && <option value={experiment}>experiment {experiment}</option>}
          {experiments.map((one) => (
            <option key={one.experiment_id} value={one.experiment_id}>
              {one.name}
            </option>
          ))}
        </Select>
      </label>
      <label className="row">
        <input type="checkbox" checked={trace} onChange={(event) => setTrace(event.target.checked)} />
        Trace answers
      </label>
    </div>
  );
}
