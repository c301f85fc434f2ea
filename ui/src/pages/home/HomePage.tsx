import { useQuery } from "@tanstack/react-query";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { usePerson } from "~/shared/person/usePerson";
import { Time } from "~/shared/Time";

import { ErrorsCard } from "./ErrorsCard";
import { EvaluationsCard } from "./EvaluationsCard";
import { FirstSteps } from "./FirstSteps";
import css from "./Home.module.css";
import { MentionsCard } from "./MentionsCard";
import { MovesCard } from "./MovesCard";
import { changesQuery } from "./queries";
import { ReviewsCard } from "./ReviewsCard";
import { homeRoute } from "./routes";
import { RunsCard } from "./RunsCard";
import type { HomeSearch } from "./search";
import { SinceChoice } from "./SinceChoice";
import { TrialsCard } from "./TrialsCard";
import { UsageCard } from "./UsageCard";

/** What changed since yesterday, or since another time. */
export function HomePage() {
  const search = homeRoute.useSearch();
  const person = usePerson();
  const { data, error, refetch } = useQuery(changesQuery(search, person.name));
  return (
    <Page
      title="Home"
      subtitle={
        data && (
          <>
            What changed since <Time ms={data.since} whole />
          </>
        )
      }
    >
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="what changed" />}
      {data?.empty && <FirstSteps />}
      {data && !data.empty && (
        <>
          <SinceChoice search={search} since={data.since} until={data.until} />
          <UsageCard changes={data} when={before(search)} />
          <div className={css.cards}>
            <RunsCard runs={data.runs} since={data.since} />
            <MovesCard moves={data.moves} />
            <TrialsCard trials={data.trials} />
            <EvaluationsCard evaluations={data.evaluations} />
            <ErrorsCard errors={data.errors} since={data.since} />
            <MentionsCard mentions={data.mentions} name={person.name} />
            <ReviewsCard reviews={data.reviews} name={person.name} />
          </div>
        </>
      )}
    </Page>
  );
}

function before(search: HomeSearch): string {
  if (search.since !== undefined) return "in as long before";
  return { day: "the day before", week: "the week before", month: "the 30 days before" }[search.span ?? "day"];
}
