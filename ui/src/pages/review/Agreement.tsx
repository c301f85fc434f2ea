import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import { Region } from "~/shared/Region";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count, number, percent } from "~/shared/quantities";
import { Select } from "~/shared/Select";

import { Progress } from "./Progress";
import { agreementQuery, type AgreementOfTwo, type WholeReview } from "./queries";
import { reviewQueueRoute } from "./routes";

/** How far reviewers are, how far they agree with each other and with scorers, and what pairs say of the variants. */
export function Agreement({ review }: { review: WholeReview }) {
  const search = reviewQueueRoute.useSearch();
  const navigate = useNavigate({ from: reviewQueueRoute.fullPath });
  const { data, error, refetch } = useQuery(agreementQuery(review.queue.queue_id, search.question));
  return (
    <>
      <section className="stack" aria-label="Progress">
        <h2>Progress</h2>
        <Progress label="Items that need nobody any more" done={review.done} items={review.items} />
        {Object.entries(review.by_reviewer).map(([name, done]) => (
          <div key={name} className="stack">
            <span className="small" dir="auto">
              {name}
            </span>
            <Progress label={`Done by ${name}`} done={done} items={review.items} />
          </div>
        ))}
      </section>
      {review.queue.questions.length > 1 && (
        <label className="row">
          Question
          <Select
            value={data?.question ?? ""}
            onChange={({ target }) => void navigate({ search: { view: "agreement", question: target.value } })}
          >
            {review.queue.questions.map(({ name, text }) => (
              <option key={name} value={name}>
                {text || name}
              </option>
            ))}
          </Select>
        </label>
      )}
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="the agreement" />}
      {data && review.queue.pairs && <Wins wins={data.wins} ties={data.ties} leftOut={data.left_out ?? ""} />}
      {data && <Pairs agreements={data.agreements} />}
    </>
  );
}

function Wins({ wins, ties, leftOut }: { wins: Record<string, number>; ties: number; leftOut: string }) {
  const names = Object.entries(wins).sort(([, one], [, other]) => other - one);
  if (names.length === 0) return <p className="muted">No pair has been judged yet.</p>;
  return (
    <section className="stack" aria-labelledby="preferred">
      <h2 id="preferred">How often each was preferred</h2>
      <ul>
        {names.map(([name, won]) => (
          <li key={name} dir="auto">
            {name}: {count(won)}
          </li>
        ))}
        <li>Neither: {count(ties)}</li>
      </ul>
      {leftOut && <p className="small muted">{leftOut}</p>}
    </section>
  );
}

function Pairs({ agreements }: { agreements: readonly AgreementOfTwo[] }) {
  if (agreements.length === 0) {
    return <p className="muted">Agreement needs two who answered the same items, or a score of the same kind.</p>;
  }
  return (
    <section className="stack" aria-labelledby="agreement">
      <h2 id="agreement">Agreement</h2>
      <p className="small muted">
        Kappa is agreement beyond what chance gives: 1 is full agreement, 0 is chance. Of grades near misses count less.
        A score beside a person is the judge of the evaluation.
      </p>
      <Region labelledBy="agreement">
        <table>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">With</th>
              <th scope="col" className="number">
                Kappa
              </th>
              <th scope="col">95 % interval</th>
              <th scope="col" className="number">
                Alike
              </th>
              <th scope="col" className="number">
                Items
              </th>
            </tr>
          </thead>
          <tbody>
            {agreements.map((one) => (
              <tr key={`${one.first} ${one.second}`}>
                <th scope="row">{one.first}</th>
                <td>
                  {one.second}
                  {one.is_score && <span className="muted small"> score</span>}
                </td>
                <td className="number">{number(toNumber(one.kappa))}</td>
                <td>
                  {number(toNumber(one.low))} to {number(toNumber(one.high))}
                </td>
                <td className="number">{percent(toNumber(one.alike))}</td>
                <td className="number">{count(one.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Region>
    </section>
  );
}
