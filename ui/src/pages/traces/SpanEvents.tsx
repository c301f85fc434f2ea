import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { duration } from "~/shared/quantities";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";
import { plain } from "~/shared/text/plain";

const STACK = "exception.stacktrace";

/** What happened while a span ran; an exception with its stack. */
export function SpanEvents({ events }: { events: Schemas["EventView"][] }) {
  if (events.length === 0) return <p className="muted">Nothing happened that was noted.</p>;
  return (
    <div className="stack">
      {events.map((event, index) => (
        <Event key={index} event={event} />
      ))}
    </div>
  );
}

function Event({ event }: { event: Schemas["EventView"] }) {
  const {
    [STACK]: stack,
    "exception.type": type,
    "exception.message": message,
    ...rest
  } = event.attributes as Record<string, unknown>;
  const said = [type, message].filter((part) => typeof part === "string").join(": ");
  return (
    <article className="card stack">
      <div className="row">
        <Badge tone={event.name === "exception" ? "bad" : "plain"}>{plain(event.name)}</Badge>
        <span className="small muted">after {duration(Math.max(event.offset_us / 1000, 0))}</span>
      </div>
      {said !== "" && <LongText text={said} />}
      {typeof stack === "string" && (
        <details open>
          <summary className="small">Stack</summary>
          <div className="mono">
            <LongText text={stack} copies />
          </div>
        </details>
      )}
      {Object.keys(rest).length > 0 && <Json value={rest} />}
    </article>
  );
}
