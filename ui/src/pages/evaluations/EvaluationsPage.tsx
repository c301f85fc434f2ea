import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import { Region } from "~/shared/Region";
import { StatusBadge } from "~/shared/Badge";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Pager } from "~/shared/Pager";
import { cost, count } from "~/shared/quantities";
import { given } from "~/shared/search";
import { SearchBox } from "~/shared/SearchBox";
import { Time } from "~/shared/Time";

import { comparisonQuery, evaluationsQuery } from "./queries";
import { evaluationsRoute } from "./routes";
import css from "./EvaluationsPage.module.css";
import { VerdictBadge } from "./Verdict";

/** The stored evaluations, newest first; two on the same data can be compared. */
export function EvaluationsPage() {
  const search = evaluationsRoute.useSearch();
  const navigate = useNavigate({ from: evaluationsRoute.fullPath });
  const { data, error, refetch } = useQuery(evaluationsQuery(search));
  const seek = useCallback((q: string) => void navigate({ search: q ? { q } : {}, replace: true }), [navigate]);
  const found = data?.evaluations ?? [];
  return (
    <Page title="Evaluations" actions={<SearchBox label="Search evaluations" value={search.q ?? ""} seek={seek} />}>
      {search.base !== undefined && <Choosing />}
      {error && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="evaluations" />}
      {data && found.length === 0 && (
        <Empty
          title={search.q || search.data ? "No evaluation is like that" : "Nothing has been evaluated yet"}
          command={'quire.evaluate(data, {"old": old, "new": new}, scorers=[quire.scorers.ExactAnswer()])'}
        >
          An evaluation answers each record of a dataset by each variant, scores the answers, and says whether one is
          better.
        </Empty>
      )}
      {found.length > 0 && <List />}
      <Pager
        isFirst={search.after === undefined}
        first={() => void navigate({ search: (old) => given({ ...old, after: undefined }) })}
        next={
          data?.next_page_token
            ? () => void navigate({ search: (old) => ({ ...old, after: data.next_page_token ?? "" }) })
            : undefined
        }
      />
    </Page>
  );
}

function Choosing() {
  return (
    <p className="card row">
      <span className="grow">Choose the evaluation on the same data that is compared with the one you were at.</span>
      <Link to="/evaluations" search={{}}>
        Show all
      </Link>
    </p>
  );
}

function List() {
  const search = evaluationsRoute.useSearch();
  const { data } = useQuery(evaluationsQuery(search));
  return (
    <Region label="Evaluations, scrollable">
      <table aria-label="Evaluations">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Verdict</th>
            <th scope="col">Variants</th>
            <th scope="col">Data</th>
            <th scope="col" className="number">
              Records
            </th>
            <th scope="col" className="number">
              Cost
            </th>
            <th scope="col">When</th>
            <th scope="col">Compare</th>
          </tr>
        </thead>
        <tbody>
          {data?.evaluations
            .filter((one) => one.run_id !== search.base)
            .map((one) => (
              <tr key={one.run_id}>
                <th scope="row">
                  <Link
                    to="/evaluations/$runId"
                    params={{ runId: one.run_id }}
                    search={search.base === undefined ? {} : { with: search.base }}
                  >
                    {one.name || one.run_id}
                  </Link>
                </th>
                <td className={css.verdict}>
                  {one.status === "FINISHED" ? (
                    <ListedVerdict runId={one.run_id} variants={one.variants?.length ?? 0} />
                  ) : (
                    <StatusBadge status={one.status} />
                  )}
                </td>
                <td>{one.variants?.join(", ")}</td>
                <td>{one.dataset || "–"}</td>
                <td className="number">{count(one.records)}</td>
                <td className="number">{cost(one.cost_usd === undefined ? undefined : Number(one.cost_usd))}</td>
                <td>
                  <Time ms={one.started_ms} />
                </td>
                <td>
                  {one.dataset_digest && search.base === undefined && (
                    <Link to="/evaluations" search={{ base: one.run_id, data: one.dataset_digest }}>
                      with another
                    </Link>
                  )}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </Region>
  );
}

/** The verdict of the variants that are compared first; the server reads the rows for it, so each is asked apart. */
function ListedVerdict({ runId, variants }: { runId: string; variants: number }) {
  const { data, error } = useQuery({ ...comparisonQuery(runId, {}), enabled: variants > 1 });
  if (variants < 2) return <span className="muted">one variant</span>;
  if (error) return <span title={error.message}>–</span>;
  if (!data) return <span className="muted">…</span>;
  return (
    <span title={data.sentence}>
      <VerdictBadge verdict={data.verdict} />
      <span className="small muted"> {data.b}</span>
    </span>
  );
}
