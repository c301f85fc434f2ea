/** Live updates: the server says which topic changed, and what is shown of that topic is read anew. */
import type { QueryClient } from "@tanstack/react-query";

import { address } from "./client";

/** The first part of each query's key: what the server calls a change of that data. */
export type Topic =
  | "comments"
  | "datasets"
  | "endpoints"
  | "evaluations"
  | "experiments"
  | "home"
  | "models"
  | "prompts"
  | "reviews"
  | "runs"
  | "settings"
  | "traces"
  | "trials";

type Change = { topics: Topic[] };

const LEAST_MS = 1000;
const REFUSED_MS = 5000;
/** What sums up all others, and changes as often as any of them, is read anew no more often than this. */
const LEAST_HOME_MS = 10_000;

/**
 * Follow the server's changes until the given function is called. A change of everything names the topic "all".
 *
 * Browsers keep few connections to a server, and one is open for as long as it is followed: so a window that nobody
 * sees does not follow. What it missed, and what was missed while the server was away, is read anew.
 */
export function follow(queries: QueryClient, tell: (connected: boolean) => void): () => void {
  const waiting = new Set<string>();
  let timer: number | undefined;
  let homeTimer: number | undefined;
  let source: EventSource | undefined;
  let homeAt = 0;
  let again: number | undefined;
  let missed = false;
  const refresh = () => {
    timer = undefined;
    const topics = new Set(waiting);
    waiting.clear();
    const early = homeAt + LEAST_HOME_MS - Date.now();
    if (topics.has("home") && early > 0) {
      topics.delete("home");
      homeTimer ??= window.setTimeout(() => {
        homeTimer = undefined;
        changed(["home"]);
      }, early);
    } else if (topics.has("home") || topics.has("all")) homeAt = Date.now();
    const predicate = ({ queryKey }: { queryKey: readonly unknown[] }) =>
      topics.has("all") || topics.has(String(queryKey[0]));
    // What is on its way is asked for again once it is there: where changes come faster than answers, asking anew at
    // each of them would never show anything.
    const underWay = queries.getQueryCache().findAll({ predicate, fetchStatus: "fetching" });
    void queries.invalidateQueries({ predicate }, { cancelRefetch: false });
    if (underWay.length > 0) changed(underWay.map(({ queryKey }) => String(queryKey[0])));
  };
  const changed = (topics: readonly string[]) => {
    for (const topic of topics) waiting.add(topic);
    timer ??= window.setTimeout(refresh, LEAST_MS);
  };
  const begin = () => {
    source = new EventSource(address("api/quire/v1/events"));
    source.addEventListener("open", () => {
      tell(true);
      if (missed) changed(["all"]);
      missed = false;
    });
    source.addEventListener("error", (event) => {
      missed = true;
      tell(false);
      // A server that cannot be reached is asked again by the browser; one that refuses, only from here.
      const refused = event.target === source && source.readyState === EventSource.CLOSED;
      if (!refused) return;
      again = window.setTimeout(begin, REFUSED_MS);
      // Perhaps the sign-in has ended: asking who is here leads to a new one then.
      void queries.invalidateQueries({ queryKey: ["settings", "me"] });
    });
    source.addEventListener("change", (event: MessageEvent<string>) => {
      changed((JSON.parse(event.data) as Change).topics);
    });
  };
  const seen = () => {
    window.clearTimeout(again);
    source?.close();
    source = undefined;
    if (document.hidden) missed = true;
    else begin();
  };
  document.addEventListener("visibilitychange", seen);
  if (!document.hidden) begin();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    source?.close();
    window.clearTimeout(again);
    window.clearTimeout(timer);
    window.clearTimeout(homeTimer);
  };
}
