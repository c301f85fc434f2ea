import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Modal } from "~/shared/Modal";

import { DatasetChoice } from "./DatasetChoice";
import css from "./Playground.module.css";
import { readRows, textsOf } from "./rows";
import { useChosenDataset, useDatasets } from "./useDatasets";

const AT_ONCE = 50;

type Props = { open: boolean; close: () => void; choose: (values: Record<string, string>) => void };

/** A record of a dataset, whose inputs become the variables' values. */
export function DatasetRows({ open, close, choose }: Props) {
  return (
    <Modal title="Fill from a dataset" open={open} close={close}>
      <Choice
        choose={(values) => {
          choose(values);
          close();
        }}
      />
    </Modal>
  );
}

function Choice({ choose }: { choose: (values: Record<string, string>) => void }) {
  const datasets = useDatasets();
  const [dataset, setChosen] = useChosenDataset(datasets.data?.datasets?.[0]?.dataset_id);
  const [version, setVersion] = useState("");
  if (!datasets.data) {
    if (datasets.error) return <Failure error={datasets.error} again={() => void datasets.refetch()} />;
    return <Loading what="datasets" />;
  }
  if (!dataset) {
    return (
      <Empty title="There are no datasets yet" command="quire datasets import questions questions.jsonl">
        A record’s inputs become the values of the variables.
      </Empty>
    );
  }
  return (
    <div className="stack">
      <DatasetChoice
        datasets={datasets.data.datasets ?? []}
        dataset={dataset}
        version={version}
        choose={(next, number) => {
          setChosen(next);
          setVersion(number);
        }}
      />
      <Rows key={`${dataset} ${version}`} dataset={dataset} version={version} choose={choose} />
    </div>
  );
}

function Rows(props: { dataset: string; version: string; choose: (values: Record<string, string>) => void }) {
  const { dataset, version, choose } = props;
  const [tokens, setTokens] = useState<(string | undefined)[]>([undefined]);
  const [wanted, setWanted] = useState("");
  const token = tokens.at(-1);
  const rows = useQuery({
    queryKey: ["datasets", "rows", dataset, version, token],
    queryFn: ({ signal }) => records(dataset, version, token, signal),
    placeholderData: keepPreviousData,
  });
  if (rows.error) return <Failure error={rows.error} again={() => void rows.refetch()} />;
  if (!rows.data) return <Loading what="records" />;
  const first = (tokens.length - 1) * AT_ONCE;
  const next = rows.data.next_page_token;
  const found = readRows(rows.data.records)
    .map((inputs, index) => ({ inputs, index, text: JSON.stringify(inputs) }))
    .filter(({ text }) => text.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <div className="stack">
      <label className={css.field}>
        <span>Find on this page</span>
        <input type="search" value={wanted} onChange={(event) => setWanted(event.target.value)} />
      </label>
      {found.length === 0 && <p className="muted">No record here says that.</p>}
      <ol className={css.rows} start={first + 1} aria-label="Records">
        {found.map(({ inputs, index, text }) => (
          <li key={index} value={first + index + 1}>
            <button type="button" className={css.pick} onClick={() => choose(textsOf(inputs))}>
              <Cut text={text} />
            </button>
          </li>
        ))}
      </ol>
      <div className="row">
        <Button disabled={tokens.length === 1} onClick={() => setTokens(tokens.slice(0, -1))}>
          Before
        </Button>
        <Button disabled={!next} onClick={() => setTokens([...tokens, next ?? undefined])}>
          After
        </Button>
        <span className="muted small">
          Records {first + 1} to {first + readRows(rows.data.records).length}
        </span>
      </div>
    </div>
  );
}

function records(dataset: string, version: string, token: string | undefined, signal: AbortSignal) {
  const query = { max_results: AT_ONCE, ...(token !== undefined && { page_token: token }) };
  if (version === "") {
    return api.GET("/api/3.0/mlflow/datasets/{dataset_id}/records", {
      params: { path: { dataset_id: dataset }, query },
      signal,
    });
  }
  return api.GET("/api/quire/v1/datasets/{dataset_id}/versions/{version}/records", {
    params: { path: { dataset_id: dataset, version }, query },
    signal,
  });
}
