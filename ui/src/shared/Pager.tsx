import { Button } from "./Button";

type Props = {
  isFirst: boolean;
  /** Goes to the first page. */
  first: () => void;
  /** Goes to the next page; undefined on the last one. */
  next: (() => void) | undefined;
};

/** The next page of a list, and back to the first; the browser's back button leads to the page before. */
export function Pager({ isFirst, first, next }: Props) {
  if (isFirst && !next) return null;
  return (
    <nav className="row" aria-label="Pages">
      <Button onClick={first} disabled={isFirst}>
        First page
      </Button>
      <Button onClick={next} disabled={!next}>
        Next page
      </Button>
    </nav>
  );
}
