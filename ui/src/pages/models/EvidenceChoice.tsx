import { Link } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";
import { Code } from "~/shared/Code";
import { Cut } from "~/shared/Cut";
import { Time } from "~/shared/Time";

import css from "./Models.module.css";

type Props = {
  name: string;
  version: string;
  /** The version that the alias points at. */
  current: string;
  evaluations: readonly Schemas["EvidenceItem"][];
  chosen: readonly string[];
  choose: (runs: readonly string[]) => void;
};

/** The evaluations that scored the two versions: one of both, or one of each on the same data. */
export function EvidenceChoice({ name, version, current, evaluations, chosen, choose }: Props) {
  if (evaluations.length === 0) {
    const uri = `models:/${encodeURIComponent(name)}`;
    return (
      <div className="stack">
        <p>
          No evaluation that you may read scored version {version} or {current}. Evaluate both on the same data:
        </p>
        <Code
          text={`quire.evaluate(data, {"old": "${uri}/${current}", "new": "${uri}/${version}"}, scorers)`}
          what="line"
        />
      </div>
    );
  }
  return (
    <fieldset className={css.evidence}>
      <legend>Evidence</legend>
      {evaluations.map((one) => (
        <div key={one.run_id} className="row">
          <label className="row grow">
            <input
              type="checkbox"
              checked={chosen.includes(one.run_id)}
              onChange={(event) =>
                choose(event.target.checked ? [...chosen, one.run_id] : chosen.filter((run) => run !== one.run_id))
              }
            />
            <Cut text={one.name} />
          </label>
          <span className="small muted">
            {one.versions.length > 1 ? "both versions" : `version ${one.versions.join()} only`} on {one.dataset} ·{" "}
            <Time ms={one.ended_ms ?? undefined} /> ·{" "}
            <Link to="/evaluations/$runId" params={{ runId: one.run_id }}>
              look
            </Link>
          </span>
        </div>
      ))}
    </fieldset>
  );
}
