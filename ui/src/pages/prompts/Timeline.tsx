import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { AliasChip } from "~/shared/aliases/AliasChip";
import { AliasDialog, type Move, type Wanted } from "~/shared/aliases/AliasDialog";
import { GiveAlias } from "~/shared/aliases/GiveAlias";
import { useDrop } from "~/shared/aliases/useDrop";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import type { Permit } from "~/shared/me";
import { Time } from "~/shared/Time";

import type { VersionSummary } from "./queries";
import { promptRoute } from "./routes";
import css from "./Timeline.module.css";

type Props = {
  name: string;
  versions: VersionSummary[];
  /** Where the aliases point, as the server last said. */
  aliases: Record<string, number>;
  chosen: number | undefined;
  /** Whether aliases may be moved, and why not. */
  editing: Permit;
  /** Loads older versions; undefined when there are none. */
  more: (() => void) | undefined;
};

/** The versions of a prompt, newest first: who made each when and why. Aliases are dragged from one to another. */
export function Timeline({ name, versions, aliases, chosen, editing, more }: Props) {
  const queries = useQueryClient();
  const [wanted, setWanted] = useState<Wanted>();
  const path = { name };
  const changed = () => queries.invalidateQueries({ queryKey: ["prompts"] });
  const move = async ({ alias, version, expected, reason }: Move) => {
    const body = { name, alias, version: version ?? null, expected: expected ?? null, reason };
    await api.POST("/api/quire/v1/prompts/{name}/move-alias", { params: { path }, body }).finally(changed);
  };
  const rollBack = async (alias: string, reason: string) => {
    const body = { name, alias, reason };
    await api.POST("/api/quire/v1/prompts/{name}/roll-back-alias", { params: { path }, body }).finally(changed);
  };
  return (
    <nav aria-label="Versions" className="stack">
      <ol className={css.timeline}>
        {versions.map((item) => (
          <Version
            key={item.version}
            name={name}
            item={item}
            isChosen={item.version === chosen}
            want={setWanted}
            editing={editing}
            aliases={aliases}
          />
        ))}
      </ol>
      {more && <Button onClick={more}>Older versions</Button>}
      <AliasDialog
        wanted={wanted}
        close={() => setWanted(undefined)}
        aliases={Object.fromEntries(Object.entries(aliases).map(([alias, version]) => [alias, String(version)]))}
        versions={versions.map(({ version }) => String(version))}
        move={move}
        rollBack={rollBack}
      />
    </nav>
  );
}

type VersionProps = {
  name: string;
  item: VersionSummary;
  isChosen: boolean;
  aliases: Record<string, number>;
  want: (wanted: Wanted) => void;
  editing: Permit;
};

function Version({ name, item, isChosen, aliases, want, editing }: VersionProps) {
  const search = promptRoute.useSearch();
  const version = String(item.version);
  const drop = useDrop((alias) => {
    if (aliases[alias] !== item.version) want({ alias, version });
  });
  return (
    <li className={css.version} data-chosen={isChosen} {...drop}>
      <div className="row">
        <Link
          to="/prompts/$name"
          params={{ name }}
          search={{ ...search, version: item.version, ...(search.tab === "new" && { tab: "template" }) }}
          aria-current={isChosen ? "true" : undefined}
          className={css.link}
        >
          Version {item.version}
        </Link>
        {item.aliases.map((alias) => (
          <AliasChip
            key={alias}
            alias={alias}
            version={version}
            permit={editing}
            open={() => want({ alias, version: undefined })}
          />
        ))}
        <GiveAlias version={version} permit={editing} className={css.give} open={() => want({ alias: "", version })} />
      </div>
      <p className={css.message} dir="auto">
        {item.commit_message ? cut(item.commit_message) : <span className="muted">No commit message</span>}
      </p>
      <p className="small muted">
        <Time ms={item.creation_timestamp} />
        {item.author && ` · ${item.author}`}
        {item.model_name && ` · ${item.model_name}`}
      </p>
      {Object.entries(item.tags).map(([key, value]) => (
        <Cut key={key} text={`${key}: ${value}`} mono />
      ))}
    </li>
  );
}

const LONGEST = 300;

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
