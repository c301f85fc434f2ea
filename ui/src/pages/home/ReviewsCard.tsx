import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { count } from "~/shared/quantities";
import { Time } from "~/shared/Time";
import { reviewQuery } from "~/shared/review/queries";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";

/** Review queues that wait for who sits here, with how much they have to do there. */
export function ReviewsCard({ reviews, name }: { reviews: Changes["reviews"]; name: string }) {
  const left = useQueries({
    queries: reviews.map(({ run_id: id }) => ({ ...reviewQuery(id, name), enabled: name !== "" })),
    combine: (found) => found.map(({ data }) => data?.left ?? undefined),
  });
  const waiting = reviews.map((queue, at) => ({ queue, left: left[at] })).filter((one) => one.left !== 0);
  return (
    <HomeCard title="Waiting for review" nothing="No review queue waits for you." all={<Link to="/review">All</Link>}>
      {waiting.length > 0 && (
        <ul className={css.lines}>
          {waiting.map(({ queue, left }) => (
            <li key={queue.run_id} className={css.line}>
              <Link to="/review/$queueId" params={{ queueId: queue.run_id }}>
                <Cut text={queue.name} />
              </Link>
              {left !== undefined && <Badge tone="accent">{count(left)} left for you</Badge>}
              {queue.pairs && <Badge>pairs</Badge>}
              <span className="muted small">
                <Time ms={queue.created} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  );
}
