import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Modal } from "~/shared/Modal";

import { DatasetChoice } from "./DatasetChoice";
import css from "./Playground.module.css";
import { ScorerChoice } from "./ScorerChoice";
import { chosenOf, newScorer, type ScorerDraft } from "./scorers";
import { useCheckedScorers } from "./useCheckedScorers";
import { asked, type Draft, LETTERS } from "./variants";
import { useChosenDataset, useDatasets } from "./useDatasets";

type Props = {
  open: boolean;
  close: () => void;
  variants: readonly Draft[];
  /** The experiment that has the run; "" for the playground's own. */
  experiment: string;
};

/** Starts an evaluation of variants on a dataset, in the background of the server, with a limit to what it spends. */
export function EvaluateDialog({ open, close, ...rest }: Props) {
  return (
    <Modal title="Evaluate on a dataset" open={open} close={close}>
      <Form close={close} {...rest} />
    </Modal>
  );
}

function Form({ close, variants, experiment }: Omit<Props, "open">) {
  const datasets = useDatasets();
  const scorers = useQuery({
    queryKey: ["evaluations", "playground-scorers"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/playground/scorers", { signal }),
    staleTime: Infinity,
  });
  const [id, setDataset] = useChosenDataset(datasets.data?.datasets?.[0]?.dataset_id);
  const [version, setVersion] = useState("");
  const [left, setLeft] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState<readonly ScorerDraft[]>(() => [newScorer("exact_match")]);
  const known = scorers.data?.scorers ?? [];
  const checked = useCheckedScorers(chosen, known);
  const [primary, setPrimary] = useState("");
  const [limit, setLimit] = useState("1");
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const named = variants.map((draft, index) => ({ name: LETTERS[index] ?? "?", draft }));
  const wanted = named.filter(({ name: letter }) => !left.includes(letter));
  const start = useMutation({
    mutationFn: () =>
      api.POST("/api/quire/v1/playground/evaluations", {
        body: {
          dataset_id: id,
          ...(version !== "" && { version: Number(version) }),
          variants: wanted.map((one) => ({ name: one.name, variant: asked(one.draft) })),
          scorers: chosen.map((scorer) => chosenOf(scorer, known)),
          primary: chosen.some((scorer) => checked[scorer.id]?.score === primary) ? primary : "",
          max_cost_usd: Number(limit),
          name,
          experiment_id: experiment,
        },
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["evaluations"] });
      close();
    },
  });
  if (!datasets.data || !scorers.data) {
    const failed = [datasets, scorers].find(({ error }) => error);
    return failed ? <Failure error={failed.error} again={() => void failed.refetch()} /> : <Loading />;
  }
  if (!id) {
    return (
      <Empty title="There are no datasets yet" command="quire datasets import questions questions.jsonl">
        Variants are evaluated on the records of a dataset.
      </Empty>
    );
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <DatasetChoice
        datasets={datasets.data.datasets ?? []}
        dataset={id}
        version={version}
        choose={(next, number) => {
          setDataset(next);
          setVersion(number);
        }}
      />
      <fieldset className={css.choices}>
        <legend>Variants</legend>
        {named.map(({ name: letter }) => (
          <label key={letter} className="row">
            <input
              type="checkbox"
              checked={!left.includes(letter)}
              onChange={(event) =>
                setLeft(event.target.checked ? left.filter((other) => other !== letter) : [...left, letter])
              }
            />
            {letter}
          </label>
        ))}
      </fieldset>
      <ScorerChoice
        scorers={known}
        chosen={chosen}
        change={setChosen}
        checked={checked}
        primary={primary}
        choosePrimary={setPrimary}
      />
      <div className={css.pair}>
        <label className={css.field}>
          <span>May spend, in US dollars</span>
          <input
            type="number"
            required
            min={0}
            step="any"
            value={limit}
            onChange={(event) => setLimit(event.target.value)}
          />
        </label>
        <label className={css.field}>
          <span>Name of the run</span>
          <input value={name} placeholder="chosen by itself" onChange={(event) => setName(event.target.value)} />
        </label>
      </div>
      {start.error && <Failure error={start.error} />}
      <div className="row">
        <Button
          type="submit"
          look="primary"
          disabled={start.isPending || wanted.length === 0 || chosen.length === 0 || !(Number(limit) > 0)}
        >
          Evaluate
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
