/** Keyboard shortcuts: a page says which keys do what, and `?` lists them. */
import { useEffect, useSyncExternalStore } from "react";

/** `keys` is one key ("j", "?", "ArrowDown", "shift+Enter") or two in a row ("g r"). */
export type Shortcut = { keys: string; does: string; run: () => void };
export type Group = { name: string; shortcuts: Shortcut[] };

const SECOND_MS = 1200;
let groups: readonly Group[] = [];
const tell = new Set<() => void>();
let before: { key: string; at: number } | undefined;

function changed(next: readonly Group[]): void {
  groups = next;
  for (const told of tell) told();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], dialog") !== null;
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const key = event.shiftKey && event.key.length > 1 ? `shift+${event.key}` : event.key;
  const pair = before !== undefined && event.timeStamp - before.at < SECOND_MS ? `${before.key} ${key}` : undefined;
  before = { key, at: event.timeStamp };
  const all = groups.toReversed().flatMap((group) => group.shortcuts);
  const found = all.find(({ keys }) => keys === pair) ?? all.find(({ keys }) => keys === key);
  if (!found) return;
  event.preventDefault();
  before = undefined;
  found.run();
}

/** Shortcuts for as long as the component is shown; what is shown later goes first. `shortcuts` must be memoised. */
export function useShortcuts(shortcuts: Shortcut[], name = "This page"): void {
  useEffect(() => {
    const group = { name, shortcuts };
    if (groups.length === 0) window.addEventListener("keydown", pressed);
    changed([...groups, group]);
    return () => {
      changed(groups.filter((other) => other !== group));
      if (groups.length === 0) window.removeEventListener("keydown", pressed);
    };
  }, [shortcuts, name]);
}

/** All shortcuts that hold now, for the help. */
export function useAllShortcuts(): readonly Group[] {
  return useSyncExternalStore(
    (told) => {
      tell.add(told);
      return () => tell.delete(told);
    },
    () => groups,
  );
}
