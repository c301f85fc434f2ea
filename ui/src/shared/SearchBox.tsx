import { useEffect, useMemo, useRef, useState } from "react";

import { useShortcuts } from "./shortcuts";

type Props = {
  label: string;
  value: string;
  /** Told of what was typed, once that rests. Must be memoised. */
  seek: (text: string) => void;
};

const RESTS_MS = 250;

/** A box for words to search by; `/` on the keyboard leads into it. */
export function SearchBox({ label, value, seek }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState<string>();
  useShortcuts(useMemo(() => [{ keys: "/", does: label, run: () => input.current?.focus() }], [label]));
  useEffect(() => {
    if (typed === undefined) return undefined;
    const timer = window.setTimeout(() => {
      seek(typed);
      setTyped(undefined);
    }, RESTS_MS);
    return () => window.clearTimeout(timer);
  }, [typed, seek]);
  return (
    <input
      ref={input}
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed ?? value}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
