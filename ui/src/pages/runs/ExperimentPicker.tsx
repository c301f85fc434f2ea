import { useState } from "react";

import type { Experiment } from "~/api/types";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";
import { count } from "~/shared/quantities";

import { ExperimentActions } from "./ExperimentActions";
import { NewExperiment } from "./NewExperiment";
import css from "./Picker.module.css";

type Props = {
  experiments: Experiment[];
  error: unknown;
  chosen: readonly string[];
  choose: (ids: string[]) => void;
};

const SHOWN = 200;

/** Which experiments' runs are shown; they are made, renamed and deleted here too. */
export function ExperimentPicker({ experiments, error, chosen, choose }: Props) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const found = experiments.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const one = chosen.length === 1 ? experiments.find((item) => item.experiment_id === chosen[0]) : undefined;
  const label =
    chosen.length === 0
      ? `All experiments (${count(experiments.length)})`
      : (one?.name ?? `${count(chosen.length)} experiments`);
  return (
    <>
      <Button onClick={() => setOpen(true)} aria-label={`Experiments: ${label}`}>
        <span className={css.short}>
          <Cut text={label} />
        </span>
      </Button>
      <Modal title="Experiments" open={open} close={() => setOpen(false)}>
        <div className="row">
          <input
            className="grow"
            aria-label="Find an experiment"
            placeholder="Find an experiment"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <Button onClick={() => choose([])} disabled={chosen.length === 0}>
            All
          </Button>
        </div>
        {error !== null && <Failure error={error} />}
        <ul className={css.lines}>
          {found.slice(0, SHOWN).map((item) => (
            <li key={item.experiment_id} className={css.line}>
              <label className={`${css.choice} grow`}>
                <input
                  type="checkbox"
                  checked={chosen.includes(item.experiment_id)}
                  onChange={(event) =>
                    choose(
                      event.target.checked
                        ? [...chosen, item.experiment_id]
                        : chosen.filter((id) => id !== item.experiment_id),
                    )
                  }
                />
                <Cut text={item.name} />
              </label>
              <Button look="quiet" aria-label={`Only ${item.name}`} onClick={() => choose([item.experiment_id])}>
                Only
              </Button>
              <ExperimentActions
                experiment={item}
                gone={() => choose(chosen.filter((id) => id !== item.experiment_id))}
              />
            </li>
          ))}
        </ul>
        {found.length === 0 && <p className="muted">No experiment has “{search}” in its name.</p>}
        {found.length > SHOWN && (
          <p className="small muted">{count(found.length - SHOWN)} more: type a part of the name.</p>
        )}
        <NewExperiment made={(id) => choose([id])} />
      </Modal>
    </>
  );
}
