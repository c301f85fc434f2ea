import { GripVertical } from "lucide-react";

import type { Permit } from "../me";

import css from "./aliases.module.css";
import { carry } from "./carrying";

type Props = {
  alias: string;
  version: string;
  /** Opens what can be done with it. */
  open: () => void;
  /** Whether it may be moved, and why not. */
  permit?: Permit;
};

const FREE: Permit = { allowed: true, why: undefined };

/** An alias that can be dragged onto another version, or, by a click or Enter, moved in a dialog. */
export function AliasChip({ alias, version, open, permit = FREE }: Props) {
  return (
    <button
      type="button"
      className={css.chip}
      draggable={permit.allowed}
      disabled={!permit.allowed}
      title={permit.why ?? `@${alias} is version ${version}: drag it onto another version, or press it to move it`}
      onDragStart={(event) => carry(event.dataTransfer, alias)}
      onClick={open}
    >
      <GripVertical size={12} aria-hidden />@{alias}
      <span className="visually-hidden"> (move or remove)</span>
    </button>
  );
}
