import { toNumber } from "~/api/types";
import { count, percent } from "~/shared/quantities";
import { Region } from "~/shared/Region";

import { kappaWords } from "./kappa";
import { Contradicted } from "./PeopleScore";
import type { ScoreAgainstPeople } from "./queries";

type Props = { score: ScoreAgainstPeople; question: string; variants: number };

/** A score against people variant by variant, and person by person. */
export function PeopleParts({ score, question, variants }: Props) {
  return (
    <>
      {variants > 1 && (
        <Region label={`${score.score} by variant`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Variant</th>
                <th scope="col" className="number">
                  Judged
                </th>
                <th scope="col" className="number">
                  Alike
                </th>
                <th scope="col">Otherwise</th>
              </tr>
            </thead>
            <tbody>
              {score.by_variant.map(({ variant, n, alike }) => (
                <tr key={variant}>
                  <th scope="row">{variant}</th>
                  <td className="number">{count(n)}</td>
                  <td className="number">{percent(alike / n, 0)}</td>
                  <td>
                    {n > alike ? (
                      <Contradicted score={score.score} question={question} variant={variant}>
                        {count(n - alike)}
                      </Contradicted>
                    ) : (
                      "–"
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Region>
      )}
      {score.by_person.length > 0 && (
        <Region label={`${score.score} by person`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Person</th>
                <th scope="col" className="number">
                  Judged
                </th>
                <th scope="col" className="number">
                  Alike
                </th>
                <th scope="col">Kappa</th>
              </tr>
            </thead>
            <tbody>
              {score.by_person.map((one) => (
                <tr key={one.name}>
                  <th scope="row" dir="auto">
                    {one.name}
                  </th>
                  <td className="number">{count(one.n)}</td>
                  <td className="number">{percent(toNumber(one.alike), 0)}</td>
                  <td>{kappaWords(one.kappa, one.low, one.high)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Region>
      )}
    </>
  );
}
