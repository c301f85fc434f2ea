import { Loading } from "~/shared/Loading";
import { Json } from "~/shared/text/Json";

import { FreeParameters } from "./FreeParameters";
import { PolicyField } from "./PolicyField";
import css from "./Playground.module.css";
import type { BaseInfo } from "./variants";

type Params = Record<string, unknown>;
type Props = {
  info: BaseInfo | undefined;
  /** Whether it is known which may be set: not while the base is being read. */
  isKnown: boolean;
  params: Params;
  change: (params: Params) => void;
};

/** The parameters that may be set: a form made of the base's policy, or names and values where there is none. */
export function Parameters({ info, isKnown, params, change }: Props) {
  const policy = info?.policy;
  const fixed = info?.fixed ?? {};
  const set = (name: string, value: unknown) => {
    const rest = Object.fromEntries(Object.entries(params).filter(([other]) => other !== name));
    change(value === undefined ? rest : { ...rest, [name]: value });
  };
  return (
    <details className={css.parameters} open>
      <summary>Parameters</summary>
      <div className="stack">
        {!isKnown ? (
          <Loading what="the policy" />
        ) : policy ? (
          policy.length === 0 ? (
            <p className="muted small">The policy of {info.uri} lets nothing be set.</p>
          ) : (
            <div className={css.fields}>
              {policy.map((field) => (
                <PolicyField
                  key={field.name}
                  field={field}
                  value={params[field.name]}
                  set={(value) => set(field.name, value)}
                />
              ))}
            </div>
          )
        ) : (
          <FreeParameters params={params} change={change} />
        )}
        {Object.keys(fixed).length > 0 && (
          <div className="stack">
            <p className="muted small">Always sent:</p>
            <Json value={fixed} />
          </div>
        )}
      </div>
    </details>
  );
}
