/** Answers that are on their way, and those that came: one for each variant, each watched by who shows it alone. */
import type { Schemas } from "~/api/types";

import { ask, type AskedFor } from "./events";

export type Run = {
  running: boolean;
  text: string;
  done?: Schemas["AnswerDone"];
  failed?: Schemas["AnswerFailed"];
  /** What kept the request from being made. */
  error?: unknown;
  stopped?: boolean;
};

type Tell = () => void;

/** Runs by the key of their variant. Words are told once a frame: they come faster than a page is drawn. */
export class Runs {
  /** Counts beginnings and ends, for those whom the words between them do not concern. */
  private phases = 0;
  private readonly runs = new Map<string, Run>();
  private readonly ends = new Map<string, AbortController>();
  private readonly listeners = new Set<Tell>();

  readonly subscribe = (tell: Tell) => {
    this.listeners.add(tell);
    return () => {
      this.listeners.delete(tell);
    };
  };

  readonly get = (key: string): Run | undefined => this.runs.get(key);

  readonly phase = (): number => this.phases;

  /** Ask; what is still on its way for the same key is stopped. */
  start(key: string, asked: AskedFor): void {
    this.ends.get(key)?.abort();
    const end = new AbortController();
    this.ends.set(key, end);
    this.phases += 1;
    this.set(key, { running: true, text: "" });
    const change = (more: Partial<Run>, words = "") => {
      const now = this.runs.get(key);
      if (now && this.ends.get(key) === end) this.set(key, { ...now, ...more, text: now.text + words });
    };
    void carryOut(asked, change, end.signal).then((last) => {
      if (this.ends.get(key) !== end) return;
      const now = this.runs.get(key);
      const broke = !now?.done && !now?.failed && last.error === undefined && !last.stopped;
      this.phases += 1;
      change({ running: false, ...last, ...(broke && { error: broken() }) });
      this.ends.delete(key);
    });
  }

  stop(key: string): void {
    this.ends.get(key)?.abort();
  }

  readonly stopAll = (): void => {
    for (const end of this.ends.values()) end.abort();
  };

  private set(key: string, run: Run): void {
    this.runs.set(key, run);
    for (const tell of this.listeners) tell();
  }
}

type Change = (more: Partial<Run>, words?: string) => void;

async function carryOut(asked: AskedFor, change: Change, signal: AbortSignal): Promise<Partial<Run>> {
  let waiting = "";
  let frame = 0;
  const flush = () => {
    frame = 0;
    const words = waiting;
    waiting = "";
    if (words) change({}, words);
  };
  let last: Partial<Run> = {};
  try {
    await ask(
      asked,
      (event) => {
        if (event.type === "delta") {
          waiting += event.text;
          frame ||= requestAnimationFrame(flush);
        } else if (event.type === "done") change({ done: event });
        else change({ failed: event });
      },
      signal,
    );
  } catch (error) {
    last = signal.aborted ? { stopped: true } : { error };
  }
  cancelAnimationFrame(frame);
  flush();
  return last;
}

function broken(): Error {
  return new Error("The server ended the answer in the middle. Is it still running? Ask again.");
}
