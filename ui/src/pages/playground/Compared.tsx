import { TextDiff } from "~/shared/diff/TextDiff";

import type { Runs } from "./runs";
import { type Draft, LETTERS } from "./variants";

type Props = {
  variants: readonly Draft[];
  runs: Runs;
  on: boolean;
  set: (on: boolean) => void;
};

/** What the other answers say otherwise than the first, word by word, when asked. */
export function Compared({ variants, runs, on, set }: Props) {
  const answered = variants.flatMap(({ key }, index) => {
    const run = runs.get(key);
    return run && !run.running && run.text ? [{ letter: LETTERS[index] ?? "?", text: run.text }] : [];
  });
  const [first, ...others] = answered;
  if (!first || others.length === 0) return null;
  return (
    <section className="stack" aria-label="Differences">
      <label className="row">
        <input type="checkbox" checked={on} onChange={(event) => set(event.target.checked)} />
        Show what the answers say otherwise than {first.letter}
      </label>
      {on &&
        others.map(({ letter, text }) => (
          <div key={letter} className="stack">
            <h3>
              {first.letter} and {letter}
              {text === first.text && <span className="muted"> say the same</span>}
            </h3>
            {text !== first.text && <TextDiff before={first.text} after={text} />}
          </div>
        ))}
    </section>
  );
}
