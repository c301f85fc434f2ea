import { LongText } from "~/shared/text/LongText";
import { Time } from "~/shared/Time";

import type { Rating } from "./queries";
import css from "./RowReview.module.css";
import { scoreWord } from "./scoreWord";

/** What people said of an answer. */
export function Ratings({ ratings }: { ratings: readonly Rating[] }) {
  if (ratings.length === 0) return null;
  return (
    <ul className={css.scores} aria-label="Ratings by people">
      {ratings.map((one) => (
        <li key={`${one.by} ${one.name}`} className="small">
          <span dir="auto">{one.by}</span>
          {one.name !== "rating" && ` on ${one.name}`}: <strong>{ratingWord(one)}</strong>{" "}
          <span className="muted">
            <Time ms={one.at_ms} />
          </span>
          {one.comment && <LongText text={one.comment} shown={600} />}
        </li>
      ))}
    </ul>
  );
}

function ratingWord(one: Rating): string {
  if (one.name === "rating" && typeof one.value === "boolean") return one.value ? "good" : "bad";
  if (one.name === "rating" && typeof one.value === "number") return `${one.value} of 5`;
  return scoreWord({ value: one.value });
}
