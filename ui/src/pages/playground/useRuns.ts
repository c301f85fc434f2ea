/** The runs of a page, and the run of one variant. */
import { useEffect, useState, useSyncExternalStore } from "react";

import { type Run, Runs } from "./runs";

/** The runs of this page; it is drawn anew when one begins or ends, and not for each word. */
export function useRuns(): Runs {
  const [runs] = useState(() => new Runs());
  useEffect(() => runs.stopAll, [runs]);
  useSyncExternalStore(runs.subscribe, runs.phase);
  return runs;
}

/** One run, word by word. */
export function useRun(runs: Runs, key: string): Run | undefined {
  return useSyncExternalStore(runs.subscribe, () => runs.get(key));
}
