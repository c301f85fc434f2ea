import css from "./Filters.module.css";

type Props = {
  label: string;
  value: string | number | undefined;
  /** Told what was entered, when Enter is pressed or the field is left; undefined for nothing. */
  put: (value: string | undefined) => void;
  numeric?: boolean;
  wide?: boolean;
  hint?: string;
};

/** A field that narrows the list once it is filled in. */
export function Field({ label, value, put, numeric = false, wide = false, hint }: Props) {
  const now = value === undefined ? "" : String(value);
  const enter = (text: string) => {
    if (text.trim() !== now) put(text.trim() || undefined);
  };
  return (
    <label className={wide ? `${css.field} ${css.wide}` : css.field}>
      {label}
      <input
        // What the address says is what stands here, also after the back button.
        key={now}
        defaultValue={now}
        placeholder={hint}
        inputMode={numeric ? "decimal" : "text"}
        {...(numeric && { type: "number", min: 0, step: "any" })}
        onBlur={(event) => enter(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") enter(event.currentTarget.value);
        }}
      />
    </label>
  );
}
