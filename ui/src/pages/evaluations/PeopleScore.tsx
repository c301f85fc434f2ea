import { Link } from "@tanstack/react-router";

import { toNumber } from "~/api/types";
import { count, percent } from "~/shared/quantities";
import { given } from "~/shared/search";

import { Confusion } from "./Confusion";
import { kappaWords } from "./kappa";
import { KappaPicture } from "./KappaPicture";
import { PeopleParts } from "./PeopleParts";
import css from "./PeopleScore.module.css";
import type { ScoreAgainstPeople } from "./queries";
import { evaluationRoute } from "./routes";

type Props = { score: ScoreAgainstPeople; question: string; variants: number };

/** One score against people: the share alike, kappa as a picture, who said what, and the rows on which they differ. */
export function PeopleScore({ score, question, variants }: Props) {
  const { total, apart } = score;
  const known = !Number.isNaN(toNumber(total.kappa));
  return (
    <article className="card stack" aria-label={`${score.score} against people`}>
      <h4 className={css.name} dir="auto">
        {score.score}
      </h4>
      <p>
        <strong>{percent(toNumber(total.alike), 0)}</strong> alike ({percent(toNumber(total.alike_low), 0)} to{" "}
        {percent(toNumber(total.alike_high), 0)}), on {count(total.n)} {total.n === 1 ? "answer" : "answers"}
      </p>
      {known ? (
        <div>
          <p title="Agreement beyond what chance gives: 1 is full agreement, 0 is chance.">
            {score.basis === "scale" ? "Weighted kappa" : "Kappa"} {kappaWords(total.kappa, total.low, total.high)}
          </p>
          <KappaPicture of={total} />
        </div>
      ) : (
        <p className="small muted">All have one label, so there is no kappa: judge answers of the other kind too.</p>
      )}
      <Left score={score} />
      <p>
        {apart === 0 ? (
          <span className="muted">People contradict it nowhere.</span>
        ) : (
          <Contradicted score={score.score} question={question}>
            {count(apart)} {apart === 1 ? "answer" : "answers"} on which people say otherwise
          </Contradicted>
        )}
      </p>
      <details>
        <summary>Who said what</summary>
        <div className={`stack ${css.parts}`}>
          <Confusion score={score} />
          <PeopleParts score={score} question={question} variants={variants} />
        </div>
      </details>
    </article>
  );
}

function Left({ score: { more, note, split, unscored } }: { score: ScoreAgainstPeople }) {
  const said = [
    note,
    split > 0 && `${count(split)} left out: as many people say one thing as another.`,
    unscored > 0 && `${count(unscored)} left out: without this score.`,
    more !== undefined &&
      more !== null &&
      `About ${count(more)} more judged answers would bring the interval of kappa to ± 0.1.`,
  ].filter(Boolean);
  return said.length > 0 ? <p className="small muted">{said.join(" ")}</p> : null;
}

type Linked = { score: string; question: string; variant?: string; children: React.ReactNode };

/** The rows on which people say something else than a score, in the table below. */
export function Contradicted({ score, question, variant, children }: Linked) {
  return (
    <Link
      from={evaluationRoute.fullPath}
      search={(old) =>
        given({
          ...old,
          ...(variant !== undefined && { b: variant, a: old.a === variant ? old.b : old.a }),
          outcome: "contradicted" as const,
          score,
          question,
          all: undefined,
          q: undefined,
          at: undefined,
        })
      }
      hash="rows"
    >
      {children}
    </Link>
  );
}
