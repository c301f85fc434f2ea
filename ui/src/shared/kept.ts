/** Texts that this browser keeps; whoever shows one is told when it changes, by this window or another. */
import { useSyncExternalStore } from "react";

const tell = new Set<() => void>();

function subscribe(told: () => void): () => void {
  tell.add(told);
  window.addEventListener("storage", told);
  return () => {
    tell.delete(told);
    window.removeEventListener("storage", told);
  };
}

/** Keep a text by a key; none if it is empty. */
export function keep(key: string, text: string): void {
  if (text) localStorage.setItem(key, text);
  else localStorage.removeItem(key);
  for (const told of tell) told();
}

/** What is kept by a key. */
export function useKept(key: string): string | null {
  return useSyncExternalStore(subscribe, () => localStorage.getItem(key));
}
