import { useQueries } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Badge, type Tone } from "~/shared/Badge";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Select } from "~/shared/Select";

import type { RunFacts } from "../queries";
import css from "./Compare.module.css";
import { evaluatedOf, pairOf } from "./evaluations";
import { Outputs } from "./Outputs";
import { type Head, SideBySide } from "./SideBySide";

const TONES: Record<string, Tone> = { better: "good", worse: "bad", mixed: "warn" };

/** Runs that are evaluated: each score with the difference from the first, its interval and verdict; then the rows. */
export function Evaluated({ heads, facts }: { heads: readonly Head[]; facts: readonly RunFacts[] }) {
  const [first, ...others] = evaluatedOf(facts);
  const [chosen, choose] = useState(0);
  const found = useQueries({
    queries: first
      ? others.map((other) => {
          const { run_id, query } = pairOf(first, other);
          return {
            queryKey: ["evaluations", run_id, "comparison", query],
            queryFn: ({ signal }: { signal: AbortSignal }) =>
              api.GET("/api/quire/v1/evaluations/{run_id}/comparison", { params: { path: { run_id }, query }, signal }),
            staleTime: 60_000,
          };
        })
      : [],
  });
  if (!first || others.length === 0) return null;
  const shown = [first, ...others].map((side) => heads[side.index]).filter((head) => head !== undefined);
  const scores = [...new Set(found.flatMap(({ data }) => data?.differences.map(({ score }) => score) ?? []))];
  const other = others[chosen] ?? others[0];
  return (
    <>
      <SideBySide
        title="Scores"
        heads={shown}
        note={found.map(
          ({ error }, index) =>
            error && (
              <Failure
                key={index}
                error={new Error(`${heads[others[index]?.index ?? 0]?.run_name ?? ""}: ${error.message}`)}
              />
            ),
        )}
      >
        {found.some(({ isPending }) => isPending) && (
          <tr>
            <td colSpan={shown.length + 1}>
              <Loading what="scores" />
            </td>
          </tr>
        )}
        {scores.map((score) => {
          const each = found.map(({ data }) => data?.differences.find((one) => one.score === score));
          return (
            <tr key={score}>
              <th scope="row">{score}</th>
              <td className={css.number}>{each.find((one) => one)?.mean_a_shown ?? "–"}</td>
              {each.map((one, index) => (
                <td key={others[index]?.index} className={css.number}>
                  {one ? (
                    <>
                      {one.mean_b_shown} <Badge tone={TONES[one.verdict] ?? "plain"}>{one.verdict}</Badge>
                      <div className="small muted" title={one.explanation}>
                        {one.difference_shown} ({one.interval_shown}), p {one.p_adjusted_shown}
                      </div>
                    </>
                  ) : (
                    "–"
                  )}
                </td>
              ))}
            </tr>
          );
        })}
      </SideBySide>
      {other && (
        <section className="stack" aria-label="Outputs">
          <div className="row">
            <h2 className="grow">Outputs, row by row</h2>
            {others.length > 1 && (
              <label className="row">
                Against
                <Select value={chosen} onChange={(event) => choose(Number(event.target.value))}>
                  {others.map((side, index) => (
                    <option key={side.index} value={index}>
                      {heads[side.index]?.run_name}
                    </option>
                  ))}
                </Select>
              </label>
            )}
          </div>
          <Outputs
            key={`${first.index} ${other.index}`}
            a={first}
            b={other}
            names={[heads[first.index]?.run_name ?? "", heads[other.index]?.run_name ?? ""]}
          />
        </section>
      )}
    </>
  );
}
