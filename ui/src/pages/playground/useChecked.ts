import { keepPreviousData, useIsFetching, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

import { asked, type Draft } from "./variants";

const WAIT_MS = 250;

type Checked = {
  checked: Readonly<Record<string, Schemas["CheckedVariant"]>>;
  /** Whether it will be said at once of every variant, for the first time: what a base brings is not known before. */
  isComing: boolean;
};

/**
 * What the server says of each variant, by its key: its variables, and what is wrong with it. Asked when typing pauses;
 * until it answers, what it said before.
 */
export function useChecked(variants: readonly Draft[]): Checked {
  const [isKnown, setIsKnown] = useState(false);
  const reading = useIsFetching({ queryKey: ["prompts", "playground-base"] });
  const [settled, setSettled] = useState(variants);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(variants), WAIT_MS);
    return () => window.clearTimeout(timer);
  }, [variants]);
  const whole = settled.filter(({ adopted }) => adopted);
  const keys = whole.map(({ key }) => key);
  const body = { variants: whole.map(asked) };
  const { data, isPlaceholderData } = useQuery({
    queryKey: ["prompts", "playground-check", keys, body],
    queryFn: async ({ signal }) => {
      const said = await api.POST("/api/quire/v1/playground/check", { body, signal });
      return Object.fromEntries(keys.map((key, index) => [key, said.variants?.[index] ?? {}]));
    },
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  if (!isKnown && data && !isPlaceholderData && whole.length === settled.length) setIsKnown(true);
  return { checked: data ?? {}, isComing: !isKnown && (reading > 0 || variants.every(({ adopted }) => adopted)) };
}
