import { Trash2 } from "lucide-react";

import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Select } from "~/shared/Select";

import { ParameterField } from "./ParameterField";
import css from "./Playground.module.css";
import { newScorer, type Scorer, type ScorerDraft } from "./scorers";

type Props = {
  scorers: readonly Scorer[];
  chosen: readonly ScorerDraft[];
  change: (chosen: readonly ScorerDraft[]) => void;
  /** What the server says of each that was chosen, by its id: the score that it gives, or what is wrong. */
  checked: Readonly<Record<number, Schemas["CheckedScorer"]>>;
  primary: string;
  choosePrimary: (name: string) => void;
};

/** Which scorers and judges measure the answers, with their parameters, and which score the verdict is of. */
export function ScorerChoice({ scorers, chosen, change, checked, primary, choosePrimary }: Props) {
  const scores = chosen.flatMap(({ id }) => checked[id]?.score || []);
  return (
    <>
      <fieldset className={css.scorers}>
        <legend>Scorers</legend>
        {chosen.length === 0 && <p className="muted small">None yet: nothing would be measured.</p>}
        {chosen.map((draft) => (
          <Chosen
            key={draft.id}
            draft={draft}
            scorer={scorers.find(({ name }) => name === draft.name)}
            problem={checked[draft.id]?.problem}
            change={(next) => change(chosen.map((one) => (one.id === next.id ? next : one)))}
            remove={() => change(chosen.filter(({ id }) => id !== draft.id))}
          />
        ))}
        <label className="row">
          Add
          <Select value="" onChange={(event) => change([...chosen, newScorer(event.target.value)])}>
            <option value="">a scorer or judge …</option>
            <Group label="Scorers" scorers={scorers.filter((one) => !one.is_judge)} />
            <Group label="Judges, which ask a model" scorers={scorers.filter((one) => one.is_judge)} />
          </Select>
        </label>
      </fieldset>
      <label className={css.field}>
        <span>The verdict is of</span>
        <Select value={scores.includes(primary) ? primary : ""} onChange={(event) => choosePrimary(event.target.value)}>
          <option value="">all scores</option>
          {scores.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </label>
    </>
  );
}

function Group({ label, scorers }: { label: string; scorers: readonly Scorer[] }) {
  return (
    <optgroup label={label}>
      {scorers.map(({ name, about }) => (
        <option key={name} value={name} title={about}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}

type ChosenProps = {
  draft: ScorerDraft;
  scorer: Scorer | undefined;
  problem: string | undefined;
  change: (draft: ScorerDraft) => void;
  remove: () => void;
};

function Chosen({ draft, scorer, problem, change, remove }: ChosenProps) {
  const parameters = scorer?.parameters ?? [];
  const fields = (required: boolean) =>
    parameters
      .filter((one) => one.required === required)
      .map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={draft.texts[parameter.name] ?? ""}
          set={(text) => change({ ...draft, texts: { ...draft.texts, [parameter.name]: text } })}
        />
      ));
  return (
    <div className={css.scorer} role="group" aria-label={draft.name}>
      <div className="row">
        <strong className="mono">{draft.name}</strong>
        {scorer?.is_judge && <Badge title="It asks a model, which costs">judge</Badge>}
        <span className="grow" />
        <Button look="quiet" onClick={remove} aria-label={`Remove ${draft.name}`} title="Remove">
          <Trash2 size={14} aria-hidden />
        </Button>
      </div>
      <p className="muted small">{scorer?.about}</p>
      <div className={css.fields}>{fields(true)}</div>
      {parameters.some(({ required }) => !required) && (
        <details className={css.parameters}>
          <summary>More</summary>
          <div className="stack">
            {scorer?.details && <p className="muted small">{scorer.details}</p>}
            <div className={css.fields}>{fields(false)}</div>
          </div>
        </details>
      )}
      {problem && (
        <p className={css.problem} dir="auto">
          {problem}
        </p>
      )}
    </div>
  );
}
