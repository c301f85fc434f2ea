import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { CopyButton } from "~/shared/CopyButton";

import type { Run } from "../queries";
import css from "./Facts.module.css";

/** What a run read and made: datasets and logged models. */
export function Inputs({ run }: { run: Run }) {
  const datasets = run.inputs?.dataset_inputs ?? [];
  const read = run.inputs?.model_inputs ?? [];
  const made = run.outputs?.model_outputs ?? [];
  if (datasets.length + read.length + made.length === 0) return null;
  return (
    <section className="card stack" aria-label="Inputs and outputs">
      <h2>Inputs and outputs</h2>
      <ul className={css.list}>
        {datasets.map(({ dataset, tags }) => (
          <li key={`${dataset.name} ${dataset.digest}`} className="row">
            <Badge>dataset</Badge>
            <Link to="/runs" search={{ filter: `datasets.digest = '${dataset.digest}'` }}>
              {dataset.name}
            </Link>
            <span className="mono muted">{dataset.digest}</span>
            {tags?.map((tag) => (
              <Badge key={tag.key} title={tag.key}>
                {tag.value}
              </Badge>
            ))}
          </li>
        ))}
        {read.map(({ model_id }) => (
          <Model key={`in ${model_id}`} id={model_id} what="read" />
        ))}
        {made.map(({ model_id, step }) => (
          <Model key={`out ${model_id} ${step ?? 0}`} id={model_id} what="made" />
        ))}
      </ul>
    </section>
  );
}

function Model({ id, what }: { id: string; what: string }) {
  return (
    <li className="row">
      <Badge tone="accent">model {what}</Badge>
      <span className="mono">models:/{id}</span>
      <CopyButton text={`models:/${id}`} what="model's URI" />
    </li>
  );
}
