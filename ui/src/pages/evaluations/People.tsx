import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count } from "~/shared/quantities";
import { oneOf } from "~/shared/search";
import { Select } from "~/shared/Select";

import { kappaWords } from "./kappa";
import { PeopleScore } from "./PeopleScore";
import { type AskedPeople, type Evaluation, peopleQuery } from "./queries";
import { evaluationRoute } from "./routes";
import { GOOD_FROM } from "./search";

/** The judge against people: how far each score agrees with what people say of the same answers. */
export function People({ evaluation }: { evaluation: Evaluation }) {
  const search = evaluationRoute.useSearch();
  const { data, error, refetch } = useQuery(peopleQuery(evaluation.summary.run_id, search));
  const asksGood = data?.questions.some((one) => one.question === "rating") === true;
  return (
    <section className="stack" aria-labelledby="people">
      <div className="row">
        <h2 id="people" className="grow">
          Scores against people{" "}
          {data && data.judged > 0 && (
            <span className="muted small">
              {count(data.judged)} of {count(data.answers)} answers judged
            </span>
          )}
        </h2>
        {asksGood && <GoodFrom />}
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="what people say" />}
      {data?.judged === 0 && (
        <p className="muted">
          Nobody has judged these answers yet. Open a row and press 1 to 5, u or x, or have the rows reviewed by people:
          how far the scores agree with them is shown here then.
        </p>
      )}
      {data?.questions.map((asked) => (
        <Question key={asked.question} asked={asked} variants={evaluation.variants.length} />
      ))}
    </section>
  );
}

function GoodFrom() {
  const { good = "4" } = evaluationRoute.useSearch();
  const navigate = useNavigate({ from: evaluationRoute.fullPath });
  return (
    <label className="row">
      Good from
      <Select
        value={good}
        onChange={({ target }) => {
          const next = oneOf(target.value, GOOD_FROM) ?? "4";
          void navigate({ search: (old) => ({ ...old, good: next }), replace: true, resetScroll: false });
        }}
      >
        {GOOD_FROM.map((one) => (
          <option key={one} value={one}>
            {one} of 5
          </option>
        ))}
      </Select>
    </label>
  );
}

function Question({ asked, variants }: { asked: AskedPeople; variants: number }) {
  const names = Object.entries(asked.people);
  return (
    <section className="stack" aria-label={asked.question}>
      <h3 dir="auto">{asked.question === "rating" ? "Ratings on this page" : asked.question}</h3>
      <p className="small">
        {count(asked.answers)} {asked.answers === 1 ? "answer" : "answers"} judged by{" "}
        <bdi>{names.map(([name, judged]) => `${name} (${count(judged)})`).join(", ")}</bdi>.
        {asked.alpha_n !== undefined && asked.alpha_n > 0 && (
          <span title="Krippendorff's alpha: 1 is full agreement, 0 what chance gives. No score can be expected to agree with people much better than they do among themselves.">
            {" "}
            People among themselves: alpha {kappaWords(asked.alpha, asked.alpha_low, asked.alpha_high)}, on{" "}
            {count(asked.alpha_n)} that several judged.
          </span>
        )}
      </p>
      {asked.scores.length > 0 && (
        <div className="cards">
          {asked.scores.map((score) => (
            <PeopleScore key={score.score} score={score} question={asked.question} variants={variants} />
          ))}
        </div>
      )}
      {asked.incomparable.length > 0 && (
        <p className="small muted">Not comparable with that: {asked.incomparable.join(", ")}.</p>
      )}
    </section>
  );
}
