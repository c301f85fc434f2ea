import type { Schemas } from "~/api/types";

import { Badge, type Tone } from "../Badge";
import { written } from "../text/Json";

import css from "./ChangeList.module.css";
import { type DiffLayout, TextDiff } from "./TextDiff";

type Change = Schemas["Change"];

const TONES: Record<string, Tone> = { added: "good", removed: "bad", changed: "warn", moved: "warn" };

/** What became of a thing, as a word in its colour. */
export function KindBadge({ kind }: { kind: string }) {
  return <Badge tone={TONES[kind] ?? "plain"}>{kind}</Badge>;
}

/** Differences by their paths, as the server computed them: texts by words, other values before and after. */
export function ChangeList({ changes, layout }: { changes: readonly Change[]; layout: DiffLayout }) {
  return (
    <ul className={css.changes}>
      {changes.map((change, index) => (
        <li key={`${change.path} ${index}`} className="stack">
          <div className="row">
            <KindBadge kind={change.kind} />
            <code className={css.path}>{change.path}</code>
          </div>
          <TextDiff before={words(change.old)} after={words(change.new)} layout={layout} pieces={change.pieces} />
        </li>
      ))}
    </ul>
  );
}

function words(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : written(value);
}
