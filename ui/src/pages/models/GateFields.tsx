import { Trash2 } from "lucide-react";

import type { Schemas } from "~/api/types";
import { Button } from "~/shared/Button";
import { Select } from "~/shared/Select";

import { type GateDraft, type NotWorse, usualRatio } from "./gate";
import css from "./Models.module.css";

type Score = Schemas["EvaluationScore"];
type Props = {
  gate: GateDraft;
  change: (gate: GateDraft) => void;
  scores: readonly Score[];
  /** The score that must be better, chosen or not. */
  score: string;
};

/** What must hold: one score better, others not much worse, on enough records. */
export function GateFields({ gate, change, scores, score }: Props) {
  const others = scores.filter(({ name }) => name !== score);
  const set = (next: NotWorse) =>
    change({ ...gate, notWorse: gate.notWorse.map((one) => (one.id === next.id ? next : one)) });
  const add = () => {
    const next = {
      id: (gate.notWorse.at(-1)?.id ?? 0) + 1,
      score: others[0]?.name ?? "",
      ratio: usualRatio(others[0]),
    };
    change({ ...gate, notWorse: [...gate.notWorse, next] });
  };
  return (
    <fieldset className={css.evidence}>
      <legend>What must hold</legend>
      <div className={css.gate}>
        <label className="stack">
          Better on
          <Select value={score} onChange={(event) => change({ ...gate, score: event.target.value })}>
            {scores.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </label>
        <Figure label="Confidence" value={gate.confidence} set={(confidence) => change({ ...gate, confidence })} />
        <Figure label="Records at least" value={gate.minRows} set={(minRows) => change({ ...gate, minRows })} />
        <Figure
          label="Missing at most (share)"
          value={gate.maxMissing}
          set={(maxMissing) => change({ ...gate, maxMissing })}
        />
      </div>
      {gate.notWorse.map((one) => (
        <div key={one.id} className={css.gate}>
          <label className="stack">
            Not worse on
            <Select
              value={one.score}
              onChange={(event) => {
                const chosen = scores.find(({ name }) => name === event.target.value);
                set({ ...one, score: event.target.value, ratio: usualRatio(chosen) });
              }}
            >
              {others.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          </label>
          <Figure label="New to old, as a ratio" value={one.ratio} set={(ratio) => set({ ...one, ratio })} />
          <Button
            look="quiet"
            aria-label={`Remove the bound on ${one.score}`}
            title="Remove"
            onClick={() => change({ ...gate, notWorse: gate.notWorse.filter(({ id }) => id !== one.id) })}
          >
            <Trash2 size={14} aria-hidden />
          </Button>
        </div>
      ))}
      {others.length > 0 && (
        <div className="row">
          <Button onClick={add}>Add a score that may not be worse</Button>
        </div>
      )}
    </fieldset>
  );
}

function Figure({ label, value, set }: { label: string; value: string; set: (text: string) => void }) {
  return (
    <label className="stack">
      {label}
      <input type="number" required step="any" value={value} onChange={(event) => set(event.target.value)} />
    </label>
  );
}
