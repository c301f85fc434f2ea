import { Badge, type Tone } from "~/shared/Badge";

import type { Comparison } from "./queries";
import css from "./Verdict.module.css";

const TONES: Record<string, Tone> = { better: "good", worse: "bad", mixed: "warn" };

/** A verdict in its colour. */
export function VerdictBadge({ verdict }: { verdict: string }) {
  return <Badge tone={TONES[verdict] ?? "plain"}>{verdict}</Badge>;
}

/** What the comparison says, in words: the verdict, how large the difference is, how sure that is. */
export function Verdict({ comparison }: { comparison: Comparison }) {
  const deciding = comparison.differences.filter((one) => one.primary);
  return (
    <section aria-labelledby="verdict" className={css.verdict} data-verdict={comparison.verdict}>
      <h2 id="verdict" className={css.sentence} dir="auto">
        {comparison.sentence}
      </h2>
      {deciding.map((one) => (
        <p key={one.score} dir="auto">
          {one.explanation}
        </p>
      ))}
      {comparison.differences.length === 0 && <p>The two have no score in numbers in common.</p>}
    </section>
  );
}
