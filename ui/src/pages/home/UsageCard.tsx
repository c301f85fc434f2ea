import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { toNumber } from "~/api/types";
import { Chart } from "~/shared/charts/Chart";
import { useColours } from "~/shared/charts/colours";
import { cost, count, shortCount } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import type { Changes } from "./queries";
import { against, bars, pieces } from "./spentPicture";

type Props = { changes: Changes; when: string };

/** Traces, tokens, cost and errors, with the time before beside them, and over time. */
export function UsageCard({ changes, when }: Props) {
  const { usage, since, until } = changes;
  const { now, before } = usage;
  const colours = useColours();
  const all = useMemo(() => pieces(usage, since, until), [usage, since, until]);
  const piece = usage.bucket_ms === 3_600_000 ? "hour" : "day";
  const spending = now.cost != null;
  const spent = useMemo(
    () =>
      spending
        ? bars(all, ({ cost: usd }) => usd, cost, colours.series[0] ?? "", colours)
        : bars(all, ({ traces }) => traces, shortCount, colours.series[0] ?? "", colours),
    [all, colours, spending],
  );
  const failed = useMemo(() => bars(all, ({ errors }) => errors, shortCount, colours.bad, colours), [all, colours]);
  const figures = [
    { name: "Cost", value: now.cost, before: before.cost, show: cost },
    { name: "Tokens", value: now.tokens, before: before.tokens, show: shortCount },
    { name: "Traces", value: now.traces, before: before.traces, show: count },
    { name: "Errors", value: now.errors, before: before.errors, show: count },
  ];
  return (
    <HomeCard
      title="Cost and errors"
      nothing="No trace was recorded."
      all={
        <Link to="/traces" search={{ from: since }}>
          All traces since then
        </Link>
      }
    >
      {(now.traces ?? 0) + (before.traces ?? 0) > 0 && (
        <>
          <dl className={css.figures}>
            {figures.map(({ name, value, before: earlier, show }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {show(toNumber(value ?? 0))}
                  <small>{against(toNumber(value ?? 0), toNumber(earlier ?? 0), show, when)}</small>
                </dd>
              </div>
            ))}
          </dl>
          <div className={css.pictures}>
            <div>
              <h3>
                {spending ? "Cost" : "Traces"} per {piece}
              </h3>
              <Chart label={`${spending ? "Cost" : "Traces"} per ${piece}, as bars`} option={spent} height={140} />
            </div>
            <div>
              <h3>Errors per {piece}</h3>
              <Chart label={`Errors per ${piece}, as bars`} option={failed} height={140} />
            </div>
          </div>
          <details>
            <summary>The numbers</summary>
            <div className="scroll-x">
              <table>
                <thead>
                  <tr>
                    <th>From</th>
                    <th className="number">Cost</th>
                    <th className="number">Tokens</th>
                    <th className="number">Traces</th>
                    <th className="number">Errors</th>
                  </tr>
                </thead>
                <tbody>
                  {all
                    .filter(({ traces }) => traces > 0)
                    .map((line) => (
                      <tr key={line.at}>
                        <td>
                          <Time ms={line.at} whole />
                        </td>
                        <td className="number">{cost(line.cost)}</td>
                        <td className="number">{count(line.tokens)}</td>
                        <td className="number">{count(line.traces)}</td>
                        <td className="number">{count(line.errors)}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </HomeCard>
  );
}
