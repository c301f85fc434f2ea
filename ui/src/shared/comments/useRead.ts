/** Which mentions who sits here has read, kept in this browser. */
import { useCallback, useMemo } from "react";

import { keep, useKept } from "../kept";

import { allRead, readIn, withRead } from "./read";

/** In a browser that kept nothing, what is older than this is not unread any more (ms). */
const LONGEST = 30 * 86_400_000;
const began = Date.now();

function keyOf(name: string): string {
  return `quire-read-${name}`;
}

/** What somebody has read, and ways to say that they have read more. */
export function useRead(name: string) {
  const kept = useKept(keyOf(name));
  const read = useMemo(() => readIn(kept, { until: began - LONGEST, ids: [] }), [kept]);
  const one = useCallback(
    (id: string) => {
      const next = withRead(read, [id]);
      if (next !== read) keep(keyOf(name), JSON.stringify(next));
    },
    [name, read],
  );
  const all = useCallback(
    (mentions: Parameters<typeof allRead>[0]) => keep(keyOf(name), JSON.stringify(allRead(mentions, read))),
    [name, read],
  );
  return { read, one, all };
}
