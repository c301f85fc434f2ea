import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";

type Move = Changes["moves"][number];

const WORDS: Record<Move["kind"], string> = {
  promotion: "promoted",
  rollback: "rolled back",
  set: "moved",
  delete: "taken away",
};

/** Aliases that were moved: of what, from where to where, by whom and why. */
export function MovesCard({ moves }: { moves: Move[] }) {
  return (
    <HomeCard title="Promotions and aliases" nothing="No alias was moved.">
      {moves.length > 0 && (
        <ul className={css.lines}>
          {moves.map((move) => (
            <li key={`${move.name}@${move.alias} ${move.at} ${move.kind}`}>
              <p className={css.line}>
                <Thing move={move} />
                <Badge tone={move.kind === "rollback" ? "warn" : move.kind === "promotion" ? "good" : "plain"}>
                  {WORDS[move.kind]}
                </Badge>
                <span className="muted small">
                  <Time ms={move.at} />
                </span>
              </p>
              <p className={`small ${css.reason}`} dir="auto">
                {move.old ? `version ${move.old}` : "none"} → {move.new ? `version ${move.new}` : "none"}
                {move.forced && " (without evidence)"}
                {move.by && ` by ${move.by}`}
                {move.reason && `: ${move.reason}`}
              </p>
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  );
}

function Thing({ move }: { move: Move }) {
  const shown = <Cut text={`${move.name}@${move.alias}`} />;
  return move.is_prompt ? (
    <Link to="/prompts/$name" params={{ name: move.name }}>
      {shown}
    </Link>
  ) : (
    <Link to="/models/$name" params={{ name: move.name }}>
      {shown}
    </Link>
  );
}
