import { Tabs } from "~/shared/Tabs";

import css from "./Playground.module.css";
import { type Draft, LETTERS } from "./variants";

/** Where there is room for one variant only: which it is. */
export function VariantChoice(props: { variants: readonly Draft[]; shown: number; show: (shown: number) => void }) {
  const { variants, shown, show } = props;
  if (variants.length < 2) return null;
  const tabs = variants.map((_, index) => ({ value: String(index), label: `Variant ${LETTERS[index] ?? ""}` }));
  return (
    <div className={css.choice}>
      <Tabs label="Variant" tabs={tabs} value={String(shown)} choose={(value) => show(Number(value))} />
    </div>
  );
}
