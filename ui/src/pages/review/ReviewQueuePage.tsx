import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { PersonName } from "~/shared/person/PersonName";
import { useAuthor } from "~/shared/person/useAuthor";
import { usePerson } from "~/shared/person/usePerson";
import { Tabs } from "~/shared/Tabs";
import { reviewQuery } from "~/shared/review/queries";

import { Agreement } from "./Agreement";
import { Closing } from "./Closing";
import { Reviewing } from "./Reviewing";
import { reviewQueueRoute } from "./routes";

/** One queue: what is next for who sits here, and how far reviewers agree. */
export function ReviewQueuePage() {
  const { queueId } = reviewQueueRoute.useParams();
  const search = reviewQueueRoute.useSearch();
  const navigate = useNavigate({ from: reviewQueueRoute.fullPath });
  const person = usePerson();
  const author = useAuthor();
  const { data, error, refetch } = useQuery(reviewQuery(queueId, person.name));
  if (!data && !error) return <Loading what="the queue" />;
  if (!data) {
    return (
      <Page title="Review">
        <Failure error={error} again={() => void refetch()} />
      </Page>
    );
  }
  const view = search.view ?? "next";
  return (
    <Page
      kind="Review queue"
      title={data.queue.name}
      actions={
        <Tabs
          label="View"
          tabs={[
            { value: "next", label: "Review" },
            { value: "agreement", label: "Agreement" },
          ]}
          value={view}
          choose={(next) => void navigate({ search: next === "agreement" ? { view: next } : {} })}
        />
      }
    >
      <Closing queue={data.queue} offers={view === "agreement"} />
      {view === "agreement" ? (
        <Agreement review={data} />
      ) : data.queue.status === "FINISHED" ? null : !person.isKnown ? (
        <Loading />
      ) : person.name ? (
        <Reviewing key={person.name} queue={data.queue} name={person.name} author={author} />
      ) : (
        <PersonName author={author} alone />
      )}
    </Page>
  );
}
