import { Region } from "~/shared/Region";
import type { Schemas } from "~/api/types";

import { Cut } from "./Cut";

/** The parameter policy: what a caller may set, within which bounds. */
export function ParamTable({ params }: { params: readonly Schemas["ParamView"][] }) {
  if (params.length === 0) return <p className="muted">A caller may set no parameter.</p>;
  return (
    <Region label="Parameter policy">
      <table>
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col">Type</th>
            <th scope="col">Default</th>
            <th scope="col">Bounds</th>
            <th scope="col">Choices</th>
          </tr>
        </thead>
        <tbody>
          {params.map((param) => (
            <tr key={param.name}>
              <th scope="row" className="mono">
                {param.name}
              </th>
              <td>{param.type}</td>
              <td className="mono">
                <Cut text={said(param.default)} />
              </td>
              <td>{bounds(param)}</td>
              <td className="mono">
                <Cut text={param.choices?.map(said).join(", ") ?? "–"} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}

function said(value: unknown): string {
  return value === undefined || value === null ? "none" : JSON.stringify(value);
}

function bounds({ minimum, maximum }: Schemas["ParamView"]): string {
  const [low, high] = [minimum ?? undefined, maximum ?? undefined];
  if (low === undefined && high === undefined) return "–";
  if (low === undefined) return `at most ${high}`;
  return high === undefined ? `at least ${low}` : `${low} to ${high}`;
}
