import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Pager } from "~/shared/Pager";
import { Json } from "~/shared/text/Json";
import { Time } from "~/shared/Time";

import { AuditFilters } from "./AuditFilters";
import { reasonOf, sinceDays } from "./audit";
import css from "./settings.module.css";
import { useSettings } from "./useSettings";

type Entry = Schemas["AuditEntry"];
const AT_ONCE = 50;

/** Every change, newest first: who, when, what, why, and what was there before. */
export function AuditTab() {
  const { search, change } = useSettings();
  const { who, action, entity, days, page } = search;
  const found = useQuery({
    queryKey: ["settings", "audit", who, action, entity, days, page],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/audit", {
        params: {
          query: {
            max_results: AT_ONCE,
            ...(who && { username: who }),
            ...(action && { action }),
            ...(entity && { entity }),
            ...(days && { since: sinceDays(days, Date.now()) }),
            ...(page && { page_token: page }),
          },
        },
        signal,
      }),
  });
  const next = found.data?.next_page_token ?? undefined;
  return (
    <>
      <AuditFilters />
      {found.isPending && <Loading />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data &&
        (found.data.entries.length > 0 ? (
          <Entries entries={found.data.entries} />
        ) : (
          <Empty title="No change matches that" command="quire audit list" />
        ))}
      <Pager
        isFirst={page === undefined}
        first={() => change({ page: undefined })}
        next={next === undefined ? undefined : () => change({ page: next })}
      />
    </>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
    <div className={css.scroller} tabIndex={0} role="region" aria-label="Changes, scrollable">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">Did what</th>
            <th scope="col">To what</th>
            <th scope="col">Why</th>
            <th scope="col">From</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.entry_id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ entry }: { entry: Entry }) {
  return (
    <tr>
      <td>
        <Time ms={entry.time} />
      </td>
      <td className={css.name}>
        <Cut text={entry.username} />
        {entry.token_id && <div className="small muted">by the token {entry.token_id}</div>}
      </td>
      <td title={entry.route}>{entry.action.replaceAll("_", " ")}</td>
      <td className={css.name}>
        <Cut text={entry.entity} mono />
      </td>
      <td className={css.name}>
        <Cut text={reasonOf(entry.after) ?? "–"} />
      </td>
      <td>{entry.address || "–"}</td>
      <td>
        {entry.before || entry.after ? (
          <details className={css.details}>
            <summary>show</summary>
            <div className={css.change}>
              <div>
                <h3>Before</h3>
                {entry.before ? <Json value={entry.before} /> : <p>–</p>}
              </div>
              <div>
                <h3>Asked for</h3>
                {entry.after ? <Json value={entry.after} /> : <p>–</p>}
              </div>
            </div>
          </details>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}
