import { toNumber } from "~/api/types";
import { cost, count, duration } from "~/shared/quantities";

import type { RunFacts } from "../queries";
import css from "./Compare.module.css";
import { type Head, SideBySide } from "./SideBySide";

type Usage = NonNullable<RunFacts["usage"]>;

const ROWS: [string, (usage: Usage) => string][] = [
  ["Cost", (usage) => (usage.cost == null ? "–" : cost(toNumber(usage.cost)))],
  ["Requests", (usage) => count(usage.count)],
  ["Failed", (usage) => count(usage.errors)],
  ["Input tokens", (usage) => count(usage.input_tokens)],
  ["Output tokens", (usage) => count(usage.output_tokens)],
  ["Median time", (usage) => duration(usage.p50_ms)],
  ["95th percentile", (usage) => duration(usage.p95_ms)],
];

/** What the traces of runs used. */
export function Costs({ heads, facts }: { heads: readonly Head[]; facts: readonly RunFacts[] }) {
  if (!facts.some((found) => found.usage)) return null;
  return (
    <SideBySide title="Cost" heads={heads}>
      {ROWS.map(([name, shown]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          {heads.map((head, index) => {
            const usage = facts[index]?.usage;
            return (
              <td key={head.run_id} className={css.number}>
                {usage ? shown(usage) : "–"}
              </td>
            );
          })}
        </tr>
      ))}
    </SideBySide>
  );
}
