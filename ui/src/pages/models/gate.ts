/** What a version has to show before it is promoted, as it is typed, and as the server takes it. */

export type NotWorse = { id: number; score: string; ratio: string };

export type GateDraft = {
  /** The score that must be better; "" for the evaluation's own. */
  score: string;
  confidence: string;
  minRows: string;
  maxMissing: string;
  notWorse: readonly NotWorse[];
};

export const NEW_GATE: GateDraft = { score: "", confidence: "0.95", minRows: "1", maxMissing: "0.05", notWorse: [] };

type Score = { name: string; kind: string; higher_is_better: boolean };

/** The scores of which one can be better: numbers, and right or wrong. */
export function comparable<T extends Score>(scores: readonly T[]): T[] {
  return scores.filter(({ kind }) => kind !== "text");
}

/** The ratio that a bound begins with: a tenth worse, whichever way is worse. */
export function usualRatio(score: Score | undefined): string {
  return score?.higher_is_better === false ? "1.1" : "0.9";
}

/** The gate as the server takes it, with the score that it is of. */
export function gateOf(draft: GateDraft, score: string) {
  const bounds = draft.notWorse.filter((one) => one.score !== "");
  return {
    score,
    confidence: Number(draft.confidence),
    min_rows: Number(draft.minRows),
    max_missing: Number(draft.maxMissing),
    not_worse: Object.fromEntries(bounds.map((one) => [one.score, Number(one.ratio)])),
  };
}

/** The same promotion as a command. */
export function command(name: string, version: string, alias: string, evidence: readonly string[], gate: GateDraft) {
  const quoted = (text: string) => (/^[\w.@:/=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const bounds = gate.notWorse.filter((one) => one.score !== "");
  return [
    "quire promote",
    quoted(`models:/${encodeURIComponent(name)}/${version}`),
    ...evidence.map((run) => `--evidence ${run}`),
    ...(gate.score ? [`--scorer ${quoted(gate.score)}`, `--confidence ${gate.confidence}`] : []),
    ...bounds.map((one) => `--not-worse ${quoted(`${one.score}=${one.ratio}`)}`),
    `--alias ${quoted(alias)}`,
    "--reason '…'",
  ].join(" ");
}
