/** Addresses that MLflow's client prints (`/#/experiments/1/runs/…`) lead to the same thing here. */
import { base } from "~/api/client";

const PATTERNS: [RegExp, (...parts: string[]) => string][] = [
  [/^\/experiments\/[^/]+\/runs\/([^/?]+)/, (run) => `runs/${run}`],
  [/^\/experiments\/([^/?]+)\/traces.*[?&]selectedEvaluationId=([^&]+)/, (_, trace) => `traces/${trace}`],
  [/^\/experiments\/([^/?]+)/, (experiment) => `runs?experiments=${encodeURIComponent(`["${experiment}"]`)}`],
  [/^\/models\/([^/?]+)\/versions\/([^/?]+)/, (name, version) => `models/${name}/versions/${version}`],
  [/^\/models\/([^/?]+)/, (name) => `models/${name}`],
  [/^\/prompts\/([^/?]+)/, (name) => `prompts/${name}`],
  [/^\/models$/, () => "models"],
  [/^\/prompts$/, () => "prompts"],
];

/** The address here of one of MLflow's, the part after its `#`; undefined if it is none. */
export function addressOf(hash: string): string | undefined {
  for (const [pattern, to] of PATTERNS) {
    const found = pattern.exec(hash);
    if (found) return to(...found.slice(1));
  }
  return undefined;
}

export function fromOlderAddress(): void {
  const address = addressOf(location.hash.slice(1));
  if (address !== undefined) history.replaceState(null, "", new URL(address, base));
}
