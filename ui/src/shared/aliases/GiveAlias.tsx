import { Tag } from "lucide-react";

import { Button } from "../Button";
import type { Permit } from "../me";

type Props = { version: string; permit: Permit; className?: string | undefined; open: () => void };

/** A button that gives a version an alias, in a dialog. */
export function GiveAlias({ version, permit, className, open }: Props) {
  return (
    <Button
      look="quiet"
      className={className}
      disabled={!permit.allowed}
      title={permit.why ?? "Give it an alias"}
      onClick={open}
    >
      <Tag size={14} aria-hidden />
      <span className="visually-hidden">Give version {version} an alias</span>
    </Button>
  );
}
