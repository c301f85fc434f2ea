import { Cut } from "~/shared/Cut";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";

import css from "./settings.module.css";

type Props = { chosen: readonly string[]; choose: (ids: string[]) => void };

/** Any number of experiments, by their names. */
export function ExperimentChoice({ chosen, choose }: Props) {
  const experiments = useExperiments();
  if (experiments.isError) return <Failure error={experiments.error} again={() => void experiments.refetch()} />;
  return (
    <fieldset className={css.choices}>
      <legend className="small">Experiments</legend>
      {(experiments.data ?? []).map(({ experiment_id: id, name }) => (
        <label key={id}>
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) =>
              choose(event.target.checked ? [...chosen, id] : chosen.filter((other) => other !== id))
            }
          />
          <Cut text={name} />
        </label>
      ))}
    </fieldset>
  );
}
