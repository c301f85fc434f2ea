/** Which prompts of compared runs are set beside each other. */
import type { RunFacts } from "../queries";

export type PromptPair = {
  /** What is compared: "greet". */
  name: string;
  before: string;
  after: string;
  /** "version 1", "version 2 · run b". */
  from: string;
  to: string;
};

/**
 * The first run's prompts against each other run's: of the same name where there is one, else in their order. Pairs
 * that come twice, and texts that are not known, are left out.
 */
export function promptPairs(facts: readonly RunFacts[]): PromptPair[] {
  const [first, ...others] = facts;
  const pairs = new Map<string, PromptPair>();
  for (const other of others) {
    for (const [index, now] of other.prompts.entries()) {
      const old = first?.prompts.find(({ name }) => name === now.name) ?? first?.prompts[index];
      if (!old || old.text == null || now.text == null) continue;
      if (old.name === now.name && old.version === now.version) continue;
      const from = `${old.name} ${old.version}`;
      const to = `${now.name} ${now.version}`;
      pairs.set(`${from} ${to}`, { name: now.name, before: old.text, after: now.text, from, to });
    }
  }
  return [...pairs.values()];
}
