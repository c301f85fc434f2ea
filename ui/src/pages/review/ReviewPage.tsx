import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Pager } from "~/shared/Pager";
import { usePerson } from "~/shared/person/usePerson";
import { count } from "~/shared/quantities";
import { given } from "~/shared/search";
import { Time } from "~/shared/Time";
import { reviewQuery } from "~/shared/review/queries";

import { CreateReview } from "./CreateReview";
import { Progress } from "./Progress";
import { type Review, reviewsQuery } from "./queries";
import css from "./Review.module.css";
import { reviewRoute } from "./routes";

/** The review queues with their progress; a new one is made of an evaluation. */
export function ReviewPage() {
  const search = reviewRoute.useSearch();
  const navigate = useNavigate({ from: reviewRoute.fullPath });
  const { data, error, refetch } = useQuery(reviewsQuery(search.after));
  return (
    <Page title="Review">
      {search.from !== undefined && <CreateReview key={search.from} runId={search.from} />}
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="review queues" />}
      {data?.queues.length === 0 && search.from === undefined && (
        <Empty
          title="Nothing waits for review"
          command={'queue = quire.review.create_queue("answers", quire.review.Question(name="correct"))'}
        >
          Open an <Link to="/evaluations">evaluation</Link> and choose “Review by people”, or choose{" "}
          <Link to="/traces">traces</Link> and “Send to review”, or make a queue in Python.
        </Empty>
      )}
      <ul className={`cards ${css.list}`}>
        {data?.queues.map((queue) => (
          <li key={queue.queue_id} className="card stack">
            <QueueCard queue={queue} />
          </li>
        ))}
      </ul>
      <Pager
        isFirst={search.after === undefined}
        first={() => void navigate({ search: (old) => given({ ...old, after: undefined }) })}
        next={
          data?.next_page_token
            ? () => void navigate({ search: (old) => given({ ...old, after: data.next_page_token }) })
            : undefined
        }
      />
    </Page>
  );
}

function QueueCard({ queue }: { queue: Review }) {
  const { name } = usePerson();
  const { data, error } = useQuery(reviewQuery(queue.queue_id, name));
  return (
    <>
      <h2>
        <Link to="/review/$queueId" params={{ queueId: queue.queue_id }}>
          {queue.name}
        </Link>
      </h2>
      <div className="row">
        <Badge>{queue.pairs ? "pairs" : "single answers"}</Badge>
        {queue.blind && <Badge>blind</Badge>}
        {queue.status === "FINISHED" && <Badge tone="good">closed</Badge>}
        {queue.status !== "FINISHED" && data?.left != null && data.left > 0 && (
          <Badge tone="accent">{count(data.left)} left for you</Badge>
        )}
        <span className="small muted">
          <Time ms={queue.created_ms} />
        </span>
      </div>
      <p className="small" dir="auto">
        {queue.questions.map((question) => question.text || question.name).join(" · ")}
      </p>
      {error && <p className="small muted">{error.message}</p>}
      {!data && !error && <Loading what="how far it is" />}
      {data && <Progress label="Items that need nobody any more" done={data.done} items={data.items} />}
      {data && Object.keys(data.by_reviewer).length > 0 && (
        <p className="small muted" dir="auto">
          {Object.entries(data.by_reviewer)
            .map(([reviewer, done]) => `${reviewer} ${count(done)}`)
            .join(", ")}
        </p>
      )}
    </>
  );
}
