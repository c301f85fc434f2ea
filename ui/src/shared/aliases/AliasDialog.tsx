import { useId, useState } from "react";

import { Button } from "../Button";
import { ReasonDialog } from "../ReasonDialog";
import { useToast } from "../Toasts";

import css from "./aliases.module.css";

/** What shall be done: an alias that there is, or a new one ("", to be named), and where it shall point. */
export type Wanted = { alias: string; version: string | undefined };

/** A move as the server is asked for it: from where it was seen to a version, or away. */
export type Move = { alias: string; version: string | undefined; expected: string | undefined; reason: string };

type Props = {
  /** What is asked for; undefined while nothing is. */
  wanted: Wanted | undefined;
  close: () => void;
  /** The aliases as they are seen, and their versions. */
  aliases: Record<string, string>;
  /** The versions to choose from, newest first; others can be typed. */
  versions: readonly string[];
  move: (move: Move) => Promise<unknown>;
  rollBack: (alias: string, reason: string) => Promise<unknown>;
};

type Act = "move" | "remove" | "roll back";

/** Moves, removes or rolls back an alias, with a reason. A move that somebody else forestalled is refused and shown. */
export function AliasDialog(props: Props) {
  const { wanted } = props;
  return wanted ? <Dialog key={`${wanted.alias}\n${wanted.version}`} {...props} wanted={wanted} /> : null;
}

function Dialog({ wanted, close, aliases, versions, move, rollBack }: Props & { wanted: Wanted }) {
  // What was seen when the dialog opened: if it changes meanwhile, the server says so.
  const [seen] = useState(aliases);
  const [alias, setAlias] = useState(wanted.alias);
  const [version, setVersion] = useState(wanted.version ?? seen[wanted.alias] ?? versions[0] ?? "");
  const [act, setAct] = useState<Act>("move");
  const say = useToast();
  const now = seen[alias];
  const isNew = wanted.alias === "";
  const run = async (reason: string) => {
    const name = alias.replace(/^@/, "").trim();
    if (act === "roll back") await rollBack(name, reason);
    else await move({ alias: name, version: act === "remove" ? undefined : version, expected: seen[name], reason });
    say(
      act === "move"
        ? `@${name} is version ${version} now`
        : `@${name} was ${act === "remove" ? "removed" : "rolled back"}`,
    );
  };
  return (
    <ReasonDialog
      title={isNew ? `Give version ${version} an alias` : `Alias @${alias}`}
      act={act === "move" ? `Move to version ${version}` : act === "remove" ? "Remove" : "Roll back"}
      danger={act === "remove"}
      open
      close={close}
      run={run}
    >
      {!isNew && <Choices act={act} choose={setAct} />}
      {now !== undefined && <p className="muted">It is version {now} now.</p>}
      <div className={css.fields}>
        {isNew && (
          <label className="stack">
            Alias
            <input required value={alias} onChange={(event) => setAlias(event.target.value)} placeholder="champion" />
          </label>
        )}
        {act === "move" && <VersionField value={version} change={setVersion} versions={versions} />}
      </div>
      {act === "roll back" && <p>It goes back to the version that it had before.</p>}
    </ReasonDialog>
  );
}

function Choices({ act, choose }: { act: Act; choose: (act: Act) => void }) {
  return (
    <div className="row" role="group" aria-label="What to do">
      {(["move", "roll back", "remove"] as const).map((one) => (
        <Button
          key={one}
          look={one === act ? "primary" : "plain"}
          aria-pressed={one === act}
          onClick={() => choose(one)}
        >
          {one.charAt(0).toUpperCase() + one.slice(1)}
        </Button>
      ))}
    </div>
  );
}

type FieldProps = { value: string; change: (version: string) => void; versions: readonly string[] };

function VersionField({ value, change, versions }: FieldProps) {
  const list = useId();
  return (
    <label className="stack">
      Version
      <input
        required
        inputMode="numeric"
        pattern="[0-9]+"
        list={list}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
      <datalist id={list}>
        {versions.map((version) => (
          <option key={version} value={version} />
        ))}
      </datalist>
    </label>
  );
}
