import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { Region } from "~/shared/Region";
import { AliasChip } from "~/shared/aliases/AliasChip";
import { AliasDialog, type Wanted } from "~/shared/aliases/AliasDialog";
import { GiveAlias } from "~/shared/aliases/GiveAlias";
import { useDrop } from "~/shared/aliases/useDrop";
import { StatusBadge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { type Permit, permit, useMe } from "~/shared/me";
import { Time } from "~/shared/Time";

import css from "./Models.module.css";
import { PromoteDialog } from "./PromoteDialog";
import type { ModelVersion } from "./queries";
import { useAliasMoves } from "./useAliasMoves";

type Props = { name: string; versions: ModelVersion[]; aliases: Record<string, string> };

/** The versions of a model, newest first; aliases are dragged from one to another, or moved in a dialog. */
export function VersionTable({ name, versions, aliases }: Props) {
  const [wanted, setWanted] = useState<Wanted>();
  const [promoted, setPromoted] = useState<string>();
  const editing = permit(useMe(), "editor", "registered_model", name);
  const moves = useAliasMoves(name);
  return (
    <Region label="Versions">
      <table className="wide">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Aliases</th>
            <th scope="col">State</th>
            <th scope="col">Made</th>
            <th scope="col">By</th>
            <th scope="col">Description</th>
            <th scope="col" aria-label="Promote" />
          </tr>
        </thead>
        <tbody>
          {versions.map((item) => (
            <Row key={item.version} item={item} want={setWanted} promote={setPromoted} editing={editing} />
          ))}
        </tbody>
      </table>
      <AliasDialog
        wanted={wanted}
        close={() => setWanted(undefined)}
        aliases={aliases}
        versions={versions.map(({ version }) => version)}
        {...moves}
      />
      {promoted !== undefined && <PromoteDialog name={name} version={promoted} close={() => setPromoted(undefined)} />}
    </Region>
  );
}

type RowProps = {
  item: ModelVersion;
  want: (wanted: Wanted) => void;
  promote: (version: string) => void;
  editing: Permit;
};

function Row({ item, want, promote, editing }: RowProps) {
  const { name, version } = item;
  const aliases = item.aliases ?? [];
  const drop = useDrop((alias) => {
    if (!aliases.includes(alias)) want({ alias, version });
  });
  return (
    <tr className={css.version} {...drop}>
      <td>
        <Link to="/models/$name/versions/$version" params={{ name, version }}>
          Version {version}
        </Link>
      </td>
      <td>
        <span className="row">
          {aliases.map((alias) => (
            <AliasChip
              key={alias}
              alias={alias}
              version={version}
              permit={editing}
              open={() => want({ alias, version: undefined })}
            />
          ))}
          <GiveAlias version={version} permit={editing} open={() => want({ alias: "", version })} />
        </span>
      </td>
      <td>
        <StatusBadge status={item.status ?? "READY"} />
      </td>
      <td>
        <Time ms={item.creation_timestamp} />
      </td>
      <td>
        <Cut text={item.user_id || "–"} />
      </td>
      <td>
        <Cut text={item.description || "–"} />
      </td>
      <td>
        <Button
          disabled={!editing.allowed}
          title={editing.why}
          aria-label={`Promote version ${version}`}
          onClick={() => promote(version)}
        >
          Promote
        </Button>
      </td>
    </tr>
  );
}
