import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { useToast } from "~/shared/Toasts";

import { metOthers } from "./choices";
import { answer, type Given, type Item, next, type Standing, undo } from "./queries";

type State = { now?: Standing; error?: unknown; busy: boolean };

/** One reviewer's way through a queue: what is before them, and what they do with it, one thing at a time. */
export function useReviewing(queueId: string, reviewer: string) {
  const cache = useQueryClient();
  const tell = useToast();
  const [state, setState] = useState<State>({ busy: false });
  const working = useRef(false);
  const step = useCallback(
    async (doing: () => Promise<Standing>) => {
      // Keys are pressed faster than the page is drawn: what comes while an answer is on its way is of no item.
      if (working.current) return;
      working.current = true;
      setState((before) => ({ ...before, busy: true }));
      try {
        const now = await doing();
        setState({ busy: false, now });
        void cache.invalidateQueries({ queryKey: ["reviews"] });
      } catch (error) {
        setState((before) => ({ ...before, busy: false, error }));
      } finally {
        working.current = false;
      }
    },
    [cache],
  );
  const load = useCallback(() => step(() => next(queueId, reviewer)), [step, queueId, reviewer]);
  useEffect(() => {
    if (reviewer) void load();
  }, [reviewer, load]);
  const back = (skipped: boolean, nothing: string) =>
    step(async () => {
      const undone = await undo(queueId, reviewer, skipped);
      if (undone.item) return undone;
      tell(nothing);
      return next(queueId, reviewer);
    });
  return {
    ...state,
    load,
    say: (item: Item, answers: Given[]) =>
      step(async () => {
        const after = await answer(queueId, item.item_id, reviewer, { answers });
        const met = metOthers(item.said ?? [], after);
        if (met) tell(met);
        return after;
      }),
    skip: (item: Item, comment: string) => step(() => answer(queueId, item.item_id, reviewer, { skip: true, comment })),
    undo: () => back(false, "You have answered nothing here that could be taken back."),
    unskip: () => back(true, "You have skipped nothing here."),
  };
}
