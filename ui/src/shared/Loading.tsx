import css from "./Loading.module.css";

type Props = {
  what?: string;
  /** Whether what comes will be as large as its place is now. Else what stands below it on the page waits for it. */
  placed?: boolean;
};

/** Something is coming; shown after a moment only, so that what is quick does not flicker. */
export function Loading({ what = "", placed = false }: Props) {
  return (
    <p className={css.loading} role="status" data-coming={placed ? undefined : ""}>
      Loading{what && ` ${what}`} …
    </p>
  );
}
