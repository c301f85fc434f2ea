import { Plus } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";

import { Button } from "~/shared/Button";
import { permitInWorkspace, useMe } from "~/shared/me";
import { Page } from "~/shared/Page";
import { useShortcuts } from "~/shared/shortcuts";

import { Compared } from "./Compared";
import { Destination } from "./Destination";
import { EvaluateDialog } from "./EvaluateDialog";
import { Jobs } from "./Jobs";
import css from "./Playground.module.css";
import { playgroundRoute } from "./routes";
import { type Search, shortValues } from "./search";
import { Service } from "./Service";
import { useChecked } from "./useChecked";
import { useRuns } from "./useRuns";
import { VariantCard } from "./VariantCard";
import { asked, beginning, type Draft, emptyDraft, keep, keptDrafts, LETTERS, MOST, valuesOf } from "./variants";
import { VariantChoice } from "./VariantChoice";
import { Variables } from "./Variables";

/** Variants side by side: asked, compared, saved. */
export function PlaygroundPage() {
  const search = playgroundRoute.useSearch();
  const navigate = playgroundRoute.useNavigate();
  const [{ variants, values }, setDrafts] = useState(() => beginning(search.bases, search.values, keptDrafts()));
  const [evaluating, setEvaluating] = useState(false);
  const runs = useRuns();
  const asking = permitInWorkspace(useMe(), "editor");
  const { checked, isComing } = useChecked(variants);
  useEffect(() => keep({ variants, values }), [variants, values]);
  const bases = useMemo(() => variants.map(({ base }) => base), [variants]);
  const small = useMemo(() => shortValues(values), [values]);
  useEffect(() => {
    const said = bases.every((base) => base === "") && bases.length === 1 ? [] : bases;
    void navigate({ search: (before) => ({ ...before, bases: said, values: small }), replace: true });
  }, [bases, small, navigate]);

  const setVariants = (next: (now: Draft[]) => Draft[]) =>
    setDrafts((now) => ({ ...now, variants: next(now.variants) }));
  const change = (key: string, more: (draft: Draft) => Draft) =>
    setVariants((now) => now.map((draft) => (draft.key === key ? more(draft) : draft)));
  const set = (more: Partial<Search>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const show = (shown: number) => set({ shown });
  const run = (draft: Draft) => {
    const names = checked[draft.key]?.variables ?? [];
    runs.start(draft.key, {
      variant: asked(draft),
      values: valuesOf(names, values),
      experiment_id: search.experiment,
      trace: search.trace,
    });
  };
  const runAll = () => variants.forEach(run);
  const page = useRunAll(() => {
    if (asking.why === undefined) runAll();
  });
  const names = [...new Set(variants.flatMap(({ key }) => checked[key]?.variables ?? []))].sort();
  const running = variants.some(({ key }) => runs.get(key)?.running);
  const shown = Math.min(search.shown, variants.length - 1);

  return (
    <Page
      title="Playground"
      actions={
        <>
          <Button disabled={!asking.allowed} title={asking.why} onClick={() => setEvaluating(true)}>
            Evaluate
          </Button>
          {running && <Button onClick={runs.stopAll}>Stop all</Button>}
          <Button look="primary" disabled={!asking.allowed} onClick={runAll} title={asking.why ?? "Ctrl+Enter"}>
            Run all
          </Button>
        </>
      }
    >
      <div ref={page} className="stack">
        <Service />
        <Destination
          experiment={search.experiment}
          trace={search.trace}
          choose={(experiment) => set({ experiment })}
          setTrace={(trace) => set({ trace })}
        />
        <Variables
          names={names}
          coming={isComing}
          values={values}
          change={(next) => setDrafts((now) => ({ ...now, values: next }))}
        />
        <VariantChoice variants={variants} shown={shown} show={show} />
        <div className={css.variants} data-count={variants.length}>
          {variants.map((draft, index) => (
            <VariantCard
              key={draft.key}
              letter={LETTERS[index] ?? "?"}
              draft={draft}
              shown={index === shown}
              checked={checked[draft.key]}
              runs={runs}
              change={(more) => change(draft.key, more)}
              asking={asking}
              ask={() => run(draft)}
              copy={
                variants.length < MOST
                  ? () => setVariants((now) => [...now, { ...draft, key: emptyDraft().key }])
                  : undefined
              }
              remove={
                variants.length > 1 ? () => setVariants((now) => now.filter(({ key }) => key !== draft.key)) : undefined
              }
            />
          ))}
        </div>
        <div className="row">
          <Button
            disabled={variants.length >= MOST}
            onClick={() => {
              setVariants((now) => [...now, emptyDraft()]);
              show(variants.length);
            }}
          >
            <Plus size={16} aria-hidden /> Add a variant
          </Button>
          <span className="muted small">Up to four, side by side.</span>
        </div>
        <Compared variants={variants} runs={runs} on={search.differences} set={(differences) => set({ differences })} />
        {asking.allowed && <Jobs />}
        <EvaluateDialog
          open={evaluating}
          close={() => setEvaluating(false)}
          variants={variants}
          experiment={search.experiment}
        />
      </div>
    </Page>
  );
}

/** Ctrl+Enter anywhere on the page, in its inputs too; the list of shortcuts names it. */
function useRunAll(runAll: () => void) {
  const page = useRef<HTMLDivElement>(null);
  const latest = useRef(runAll);
  useEffect(() => {
    latest.current = runAll;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
  useShortcuts(
    useMemo(() => [{ keys: "ctrl+Enter", does: "Run all variants", run: () => undefined }], []),
    "Playground",
  );
  return page;
}
