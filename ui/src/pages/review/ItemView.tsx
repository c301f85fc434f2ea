import { Link } from "@tanstack/react-router";

import { Conversation, messagesOf } from "~/shared/text/Conversation";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";

import type { Item } from "./queries";
import css from "./Review.module.css";

/** What a reviewer looks at: what went in, what was expected, and one answer, or two of which nothing says whose. */
export function ItemView({ item, isPair }: { item: Item; isPair: boolean }) {
  return (
    <>
      <section className="stack" aria-label="Inputs">
        <h2>Inputs</h2>
        <div className={css.text}>
          <Said value={item.inputs} />
        </div>
      </section>
      {isPair ? (
        <div className={css.sides}>
          <section className={css.side} aria-label="First answer">
            <h2>First</h2>
            <Said value={item.first} />
          </section>
          <section className={css.side} aria-label="Second answer">
            <h2>Second</h2>
            <Said value={item.second} />
          </section>
        </div>
      ) : (
        <section className={css.side} aria-label="Answer">
          <div className="row">
            <h2 className="grow">Answer{item.variant && ` of ${item.variant}`}</h2>
            {item.trace_id && (
              <Link to="/traces/$traceId" params={{ traceId: item.trace_id }} className="small">
                Trace
              </Link>
            )}
          </div>
          <Said value={item.outputs} />
        </section>
      )}
      {item.expectations !== undefined && item.expectations !== null && (
        <details>
          <summary>Expected</summary>
          <div className={css.text}>
            <Said value={item.expectations} />
          </div>
        </details>
      )}
    </>
  );
}

function Said({ value }: { value: unknown }) {
  const messages = messagesOf(value);
  if (messages) return <Conversation messages={messages} />;
  const text = textOf(value);
  return text === undefined ? <Json value={value} /> : <LongText text={text} />;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return undefined;
  const [only, ...others] = Object.values(value) as unknown[];
  return typeof only === "string" && others.length === 0 ? only : undefined;
}
