import { useState } from "react";

import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Modal } from "~/shared/Modal";
import { count } from "~/shared/quantities";

import { titleOf } from "./columns";
import css from "./Picker.module.css";
import { ATTRIBUTES, type Keys } from "./search";

type Props = {
  keys: Keys | undefined;
  chosen: readonly string[];
  choose: (columns: string[] | undefined) => void;
};

const SHOWN = 200;

/** Which columns the table has: attributes, metrics, params and tags, with a search among their names. */
export function ColumnPicker({ keys, chosen, choose }: Props) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const groups: [string, string[]][] = [
    ["Attributes", [...ATTRIBUTES]],
    ["Metrics", (keys?.metrics ?? []).map((key) => `metrics.${key}`)],
    ["Params", (keys?.params ?? []).map((key) => `params.${key}`)],
    ["Tags", (keys?.tags ?? []).map((key) => `tags.${key}`)],
  ];
  const matches = (column: string) => titleOf(column).toLowerCase().includes(search.toLowerCase());
  const toggle = (column: string, shown: boolean) =>
    choose(shown ? [...chosen, column] : chosen.filter((other) => other !== column));
  return (
    <>
      <Button onClick={() => setOpen(true)}>Columns ({count(chosen.length + 1)})</Button>
      <Modal title="Columns" open={open} close={() => setOpen(false)}>
        <div className="row">
          <input
            className="grow"
            aria-label="Find a column"
            placeholder="Find a column"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <Button onClick={() => choose(undefined)}>Reset</Button>
        </div>
        <div className={css.list}>
          {groups.map(([name, columns]) => {
            const found = columns.filter(matches);
            if (found.length === 0) return null;
            return (
              <fieldset key={name} className={css.group}>
                <legend>{name}</legend>
                {found.slice(0, SHOWN).map((column) => (
                  <label key={column} className={css.choice}>
                    <input
                      type="checkbox"
                      checked={chosen.includes(column)}
                      onChange={(event) => toggle(column, event.target.checked)}
                    />
                    <Cut text={titleOf(column)} />
                  </label>
                ))}
                {found.length > SHOWN && (
                  <p className="small muted">{count(found.length - SHOWN)} more: type a part of the name.</p>
                )}
              </fieldset>
            );
          })}
        </div>
      </Modal>
    </>
  );
}
