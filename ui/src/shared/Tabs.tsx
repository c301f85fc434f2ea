import css from "./Tabs.module.css";

type Tab<T extends string> = { value: T; label: string };

/** A choice of views. Which one is shown belongs into the address: give what is chosen and what changes it. */
export function Tabs<T extends string>(props: {
  label: string;
  tabs: readonly Tab<T>[];
  value: T;
  choose: (value: T) => void;
}) {
  const { label, tabs, value, choose } = props;
  return (
    <div className={css.tabs} role="group" aria-label={label}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          className={css.tab}
          aria-pressed={tab.value === value}
          onClick={() => choose(tab.value)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
