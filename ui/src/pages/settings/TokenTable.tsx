import { useState } from "react";

import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { CopyButton } from "~/shared/CopyButton";
import { Cut } from "~/shared/Cut";
import { cost, count } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import css from "./settings.module.css";
import { scopeWords, stateOf, type Token } from "./tokens";

type Props = { tokens: readonly Token[]; used: Record<string, Schemas["Used"]>; revoke: (token: Token) => void };

/** Tokens, newest first, without their secrets. */
export function TokenTable({ tokens, used, revoke }: Props) {
  const [now] = useState(Date.now);
  const anyUse = Object.keys(used).length > 0;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
    <div className={css.scroller} tabIndex={0} role="region" aria-label="Tokens, scrollable">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Holds for</th>
            <th scope="col">Made</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            {anyUse && <th scope="col">Asked of endpoints today</th>}
            <th scope="col">
              <span className="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => {
            const state = stateOf(token, now);
            const today = used[token.token_id];
            return (
              <tr key={token.token_id}>
                <td className={css.name}>
                  <Cut text={token.name || "–"} />
                  <div className={`${css.id} muted`}>
                    <Cut text={token.token_id} mono />
                    <CopyButton text={token.token_id} what="token id" />
                  </div>
                </td>
                <td>
                  <Badge tone={state === "valid" ? "good" : "plain"}>{state}</Badge>
                </td>
                <td className={css.name}>
                  <Cut text={scopeWords(token.scope)} />
                </td>
                <td>
                  <Time ms={token.creation_time} />
                </td>
                <td>
                  <Time ms={token.last_used_time} />
                </td>
                <td>{token.expiration_time ? <Time ms={token.expiration_time} /> : "never"}</td>
                {anyUse && (
                  <td>{today ? `${count(today.requests ?? 0)} requests, ${cost(Number(today.usd ?? 0))}` : "–"}</td>
                )}
                <td>
                  {state === "valid" && (
                    <Button look="danger" onClick={() => revoke(token)}>
                      Revoke
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
