import { TextDiff } from "~/shared/diff/TextDiff";

import type { RunFacts } from "../queries";
import { promptPairs } from "./prompts";
import type { Head } from "./SideBySide";

/** The words that differ between the prompts that the runs used. */
export function PromptDiffs({ heads, facts }: { heads: readonly Head[]; facts: readonly RunFacts[] }) {
  const pairs = promptPairs(facts);
  const used = new Set(facts.flatMap(({ prompts }) => prompts.map(({ name, version }) => `${name} ${version}`)));
  if (used.size === 0 || heads.length < 2) return null;
  return (
    <section className="stack" aria-label="Prompts">
      <h2>Prompts</h2>
      {pairs.length === 0 && <p className="muted">The runs used the same: {[...used].join(", ")}.</p>}
      {pairs.map((pair) => (
        <div key={`${pair.from} ${pair.to}`} className="stack">
          <h3 dir="auto">
            {pair.from} → {pair.to}
          </h3>
          <TextDiff before={pair.before} after={pair.after} layout="side" />
        </div>
      ))}
    </section>
  );
}
