/** Which runs are selected: in the address while they are few, so that the view can be shared. */
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";

import { api } from "~/api/client";

import { changed } from "./search";
import { type Question } from "./useRunRows";

/** An address of so many ids is short enough for every browser and proxy. */
const MOST_IN_ADDRESS = 100;
const MOST_AT_ONCE = 1000;

export function useSelection(inAddress: string[], question: Question, order: string) {
  const navigate = useNavigate({ from: "/runs" });
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set(inAddress));
  const last = useRef<number>(undefined);
  const written = useRef(inAddress.join());
  const now = inAddress.join();
  useEffect(() => {
    // The address was changed by something else: the back button, a link.
    if (now === written.current) return;
    written.current = now;
    setIds(new Set(now ? now.split(",") : []));
  }, [now]);
  const change = useCallback(
    (next: ReadonlySet<string>) => {
      setIds(next);
      const listed = next.size <= MOST_IN_ADDRESS ? [...next] : [];
      written.current = listed.join();
      void navigate({
        search: (now) => changed(now, { select: listed.length > 0 ? listed : undefined }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  /** Select a run or not; through: and all between the one before and this. Gives how many there were too many. */
  const toggle = useCallback(
    async (id: string, index: number, through: boolean): Promise<number> => {
      const before = last.current;
      last.current = index;
      const next = new Set(ids);
      if (!through || before === undefined) {
        if (!next.delete(id)) next.add(id);
        change(next);
        return 0;
      }
      const [from, to] = [Math.min(before, index), Math.max(before, index)];
      const limit = Math.min(to - from + 1, MOST_AT_ONCE);
      const body = { ...question, order, offset: from, limit, whole: true };
      const { rows } = await api.POST("/api/quire/v1/runs/rows", { body });
      for (const row of rows) next.add(row.run_id);
      change(next);
      return to - from + 1 - limit;
    },
    [ids, change, question, order],
  );
  const clear = useCallback(() => change(new Set()), [change]);
  return { ids, toggle, clear, change };
}
