import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useId, useState } from "react";

import { api } from "~/api/client";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";

import css from "./Playground.module.css";
import type { BaseInfo } from "./variants";

type Props = { base: string; info: BaseInfo | undefined; choose: (uri: string) => void };

const EXAMPLE = "prompts:/name/1 or models:/name@champion";

/** The version of a prompt or model that a variant begins with: typed, or chosen among those that there are. */
export function BaseChoice({ base, info, choose }: Props) {
  const [typed, setTyped] = useState(base);
  const [before, setBefore] = useState(base);
  if (before !== base) {
    setBefore(base);
    setTyped(base);
  }
  const list = useId();
  const known = useKnown();
  const begin = () => choose(typed.trim());
  // Also when the list comes, or grows, after the typing.
  const isKnown = typed !== base && known.includes(typed);
  useEffect(() => {
    if (isKnown) choose(typed);
  }, [isKnown, typed, choose]);
  return (
    <form
      className={css.base}
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <label className={css.field}>
        <span>Begins with</span>
        <input
          value={typed}
          list={list}
          spellCheck={false}
          placeholder={EXAMPLE}
          title={EXAMPLE}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => {
            if (typed.trim() !== base) begin();
          }}
        />
      </label>
      <datalist id={list}>
        {known.map((uri) => (
          <option key={uri} value={uri} />
        ))}
      </datalist>
      {/* Its place, while it is read. */}
      {!info && base !== "" && <p className={css.reading} />}
      {info && (
        <p className="row small">
          <Badge tone="accent">{info.kind}</Badge>
          {info.kind === "prompt" ? (
            <Link to="/prompts/$name" params={{ name: info.name }}>
              {info.name}
            </Link>
          ) : (
            <Link to="/models/$name/versions/$version" params={{ name: info.name, version: info.version }}>
              {info.name}
            </Link>
          )}
          <span className="muted">version {info.version}</span>
          <Button look="quiet" onClick={() => choose("")}>
            Without
          </Button>
        </p>
      )}
    </form>
  );
}

/** URIs of the versions that are likely meant: the newest of each prompt and model, and their aliases. */
function useKnown(): string[] {
  const prompts = useRegistered("tags.`mlflow.prompt.is_prompt` = 'true'");
  const models = useRegistered("");
  return [...urisOf("prompts", prompts), ...urisOf("models", models)];
}

function useRegistered(filter: string) {
  const { data } = useQuery({
    queryKey: [filter ? "prompts" : "models", "playground-known"],
    queryFn: ({ signal }) =>
      api.GET("/api/2.0/mlflow/registered-models/search", {
        params: { query: { filter, max_results: 200, order_by: ["last_updated_timestamp DESC"] } },
        signal,
      }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  return data?.registered_models ?? [];
}

type Registered = ReturnType<typeof useRegistered>[number];

function urisOf(scheme: string, found: readonly Registered[]): string[] {
  return found.flatMap(({ name, aliases, latest_versions: latest }) => [
    ...(latest ?? []).map(({ version }) => `${scheme}:/${name}/${version}`),
    ...(aliases ?? []).map(({ alias }) => `${scheme}:/${name}@${alias}`),
  ]);
}
