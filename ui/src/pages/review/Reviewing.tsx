import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";

import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { PersonName } from "~/shared/person/PersonName";
import type { Author } from "~/shared/person/useAuthor";
import { count } from "~/shared/quantities";
import { useShortcuts } from "~/shared/shortcuts";

import { Answering } from "./Answering";
import { ItemView } from "./ItemView";
import { Progress } from "./Progress";
import type { Review, Standing } from "./queries";
import { useReviewing } from "./useReviewing";

type Props = {
  queue: Review;
  name: string;
  /** The field for another name. */
  author: Author;
};

/** One person's review: item by item, by keys alone. */
export function Reviewing({ queue, name, author }: Props) {
  const { now, error, busy, load, say, skip, undo, unskip } = useReviewing(queue.queue_id, name);
  useShortcuts(
    useMemo(() => [{ keys: "u", does: "Take the last answer back", run: () => void undo() }], [undo]),
    "Review",
  );
  const item = now?.item ?? undefined;
  const place = useRef<HTMLDivElement>(null);
  const before = useRef<string>(undefined);
  useEffect(() => {
    // The next item is read from its beginning.
    if (before.current !== undefined && item) place.current?.scrollIntoView({ block: "nearest" });
    before.current = item?.item_id;
  }, [item]);
  return (
    <div ref={place} className="stack">
      <div className="row">
        <PersonName author={author} alone />
        <div className="grow">
          {now && <Progress label="Done by you" done={now.mine} items={now.mine + now.left} />}
        </div>
        <Button onClick={() => void undo()} disabled={busy || !now || now.mine === 0} title="Undo (u)">
          Undo
        </Button>
      </div>
      {error !== undefined && <Failure error={error} again={() => void load()} />}
      {!now && error === undefined && <Loading what="the next item" />}
      {now && !item && <Finished queue={queue} now={now} load={() => void load()} unskip={() => void unskip()} />}
      {item && (
        <>
          <ItemView key={`item ${item.item_id}`} item={item} isPair={queue.pairs} />
          <Answering
            key={item.item_id}
            queue={queue}
            item={item}
            busy={busy}
            say={(answers) => void say(item, answers)}
            skip={(comment) => void skip(item, comment)}
          />
        </>
      )}
    </div>
  );
}

type FinishedProps = { queue: Review; now: Standing; load: () => void; unskip: () => void };

/** What there is to do once nothing is left for a reviewer. */
function Finished({ queue, now, load, unskip }: FinishedProps) {
  return (
    <div className="card stack">
      <div role="status" className="stack">
        <h2>{now.items === 0 ? "The queue is empty" : "Nothing is left for you"}</h2>
        <p className="muted">
          You have done {count(now.mine)}. {count(now.done)} of {count(now.items)} items need nobody any more.
          {queue.per_item != null && now.done < now.items && " Some of the others may be in somebody’s hands now."}
        </p>
      </div>
      <div className="row">
        <Link to="/review/$queueId" params={{ queueId: queue.queue_id }} search={{ view: "agreement" }}>
          See the agreement
        </Link>
        <Link to="/review">Other queues</Link>
        {now.mine > 0 && <Button onClick={unskip}>Look again at what you skipped</Button>}
        <Button onClick={load}>Look for more</Button>
      </div>
    </div>
  );
}
