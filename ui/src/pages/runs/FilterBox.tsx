import { useEffect, useId, useState } from "react";

import { Button } from "~/shared/Button";
import { Code } from "~/shared/Code";
import { Modal } from "~/shared/Modal";

import css from "./FilterBox.module.css";

const PAUSE_MS = 400;
const EXAMPLES = [
  "metrics.accuracy > 0.9 AND params.model = 'gpt-4o'",
  "attributes.status = 'FAILED'",
  "attributes.run_name LIKE 'nightly%'",
  "tags.owner IS NOT NULL AND attributes.start_time > 1700000000000",
  "params.`name with spaces` ILIKE '%draft%'",
  "datasets.name = 'gsm8k'",
];

/** The text of a filter; it is applied when typing pauses or by Enter, and `error` says what the server made of it. */
export function FilterBox(props: { filter: string; apply: (filter: string) => void; error: string | undefined }) {
  const { filter, apply, error } = props;
  const [draft, setDraft] = useState(filter);
  const [applied, setApplied] = useState(filter);
  const [help, setHelp] = useState(false);
  const said = useId();
  if (filter !== applied) {
    // Something else changed it: the back button, a link.
    setApplied(filter);
    setDraft(filter);
  }
  const use = (text: string) => {
    setApplied(text);
    apply(text);
  };
  useEffect(() => {
    if (draft.trim() === applied) return undefined;
    const timer = window.setTimeout(() => {
      setApplied(draft.trim());
      apply(draft.trim());
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [draft, applied, apply]);
  return (
    <search className={css.filter}>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          use(draft.trim());
        }}
      >
        <input
          className="grow mono"
          aria-label="Filter of runs"
          aria-invalid={error !== undefined}
          aria-describedby={said}
          placeholder={EXAMPLES[0]}
          title={EXAMPLES[0]}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
        />
        {draft && (
          <Button
            look="quiet"
            onClick={() => {
              setDraft("");
              use("");
            }}
          >
            Clear
          </Button>
        )}
        <Button look="quiet" onClick={() => setHelp(true)}>
          Examples
        </Button>
      </form>
      <p id={said} className={css.error} role="alert" dir="auto">
        {error}
      </p>
      <Modal title="Filters of runs" open={help} close={() => setHelp(false)}>
        <p>
          Conditions on <code>metrics.</code>, <code>params.</code>, <code>tags.</code>, <code>datasets.</code> and{" "}
          <code>attributes.</code>, joined by AND: the grammar of <code>search_runs</code>. Texts are in quotes.
        </p>
        {EXAMPLES.map((example) => (
          <Code key={example} text={example} what="filter" />
        ))}
      </Modal>
    </search>
  );
}
