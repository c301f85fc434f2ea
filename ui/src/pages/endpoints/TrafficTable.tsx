import { Time } from "~/shared/Time";
import { cost, count, duration, percent } from "~/shared/quantities";
import { toNumber } from "~/api/types";

import css from "./parts.module.css";
import type { Traffic } from "./queries";
import { Region } from "~/shared/Region";
import { totalsOf } from "./trafficPicture";

type Props = { traffic: Traffic; named: (key: string) => string };

/** The numbers of the pictures: in all, and below for each part of the time. */
export function TrafficTable({ traffic, named }: Props) {
  return (
    <>
      <Region label="Traffic in all, scrollable">
        <table>
          <thead>
            <tr>
              <th scope="col">Answered by</th>
              {["Requests", "Failed", "Tokens", "Cost"].map((head) => (
                <th key={head} scope="col" className="number">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {totalsOf(traffic).map((one, place) => (
              <tr key={one.key}>
                <th scope="row" className={css.name}>
                  <span className={css.key} data-series={(place % 6) + 1} aria-hidden />
                  {named(one.key)}
                </th>
                <td className="number">{count(one.requests)}</td>
                <td className="number">
                  {count(one.errors)} ({percent(one.errors / one.requests)})
                </td>
                <td className="number">{count(one.tokens)}</td>
                <td className="number">{cost(one.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Region>
      <details>
        <summary>The numbers over time</summary>
        <Parts traffic={traffic} named={named} />
      </details>
    </>
  );
}

function Parts({ traffic, named }: Props) {
  const heads = ["Requests", "Failed", "Median latency", "95th percentile", "Tokens in", "Tokens out", "Cost"];
  return (
    <Region label="Traffic over time, scrollable" tall>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Answered by</th>
            {heads.map((head) => (
              <th key={head} scope="col" className="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(traffic.traffic ?? []).toReversed().map((part) => (
            <tr key={`${part.at} ${part.key}`}>
              <td>
                <Time ms={part.at} />
              </td>
              <td className={css.name}>{named(part.key)}</td>
              <td className="number">{count(part.requests)}</td>
              <td className="number">{count(part.errors)}</td>
              <td className="number">{duration(part.p50_ms)}</td>
              <td className="number">{duration(part.p95_ms)}</td>
              <td className="number">{count(part.input_tokens)}</td>
              <td className="number">{count(part.output_tokens)}</td>
              <td className="number">{cost(part.cost == null ? null : toNumber(part.cost))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
