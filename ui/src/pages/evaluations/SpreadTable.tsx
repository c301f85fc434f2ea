import { Region } from "~/shared/Region";
import { count } from "~/shared/quantities";

import type { Spread } from "./queries";

/** The numbers of a distribution. */
export function SpreadTable({ spread, label }: { spread: Spread; label: string }) {
  const names = Object.keys(spread.counts);
  return (
    <Region label={`${label}, numbers`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Value</th>
            {names.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {spread.labels.map((value, at) => (
            <tr key={value}>
              <th scope="row">{value}</th>
              {names.map((name) => (
                <td key={name} className="number">
                  {count(spread.counts[name]?.[at])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
