import { Children, type ReactNode } from "react";

import css from "./Badge.module.css";

export type Tone = "plain" | "good" | "bad" | "warn" | "accent";

/** A word that stands out: a state, a verdict, an alias. */
export function Badge({ tone = "plain", title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  // Where there is no room for all of it, the title tells it.
  const parts = Children.toArray(children);
  const words = parts.every((part) => typeof part === "string" || typeof part === "number") ? parts.join("") : "";
  const told = [words, title].filter(Boolean).join(": ");
  return (
    <span className={`${css.badge} ${css[tone]}`} title={told || undefined}>
      {children}
    </span>
  );
}

const TONES: Record<string, Tone> = {
  FINISHED: "good",
  OK: "good",
  READY: "good",
  better: "good",
  FAILED: "bad",
  ERROR: "bad",
  KILLED: "bad",
  worse: "bad",
  RUNNING: "accent",
  IN_PROGRESS: "accent",
  PENDING: "warn",
};

/** A state or verdict of the store, in its colour. */
export function StatusBadge({ status }: { status: string | undefined }) {
  if (!status) return <>–</>;
  return <Badge tone={TONES[status] ?? "plain"}>{status.toLowerCase().replaceAll("_", " ")}</Badge>;
}
