import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";

import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { count } from "~/shared/quantities";

import { ComparedMetrics } from "./compare/ComparedMetrics";
import { ComparedTexts } from "./compare/ComparedTexts";
import { Costs } from "./compare/Costs";
import { Evaluated } from "./compare/Evaluated";
import { PromptDiffs } from "./compare/PromptDiffs";
import type { CompareSearch } from "./compare/search";
import { comparisonQuery } from "./queries";

const route = getRouteApi("/shell/compare");
const NONE: string[] = [];

/** Runs side by side: what differs first, then metrics, prompts, evaluations row by row, cost. */
export function ComparePage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/compare" });
  const ids = search.runs ?? NONE;
  const found = useQuery(comparisonQuery(ids));
  const change = (next: CompareSearch) => void navigate({ search: next, resetScroll: false });
  if (ids.length === 0) {
    return (
      <Page title="Compare">
        <Empty title="No runs are chosen" command="quire runs compare RUN RUN">
          Select runs in <Link to="/runs">their table</Link>, by their boxes or by x.
        </Empty>
      </Page>
    );
  }
  const leave = (runs: string[]) => change({ ...search, runs });
  return (
    <Page
      title="Compare"
      subtitle={`${count(ids.length)} runs; the first is what the others are measured by`}
      actions={
        <label className="row">
          <input
            type="checkbox"
            checked={search.all === true}
            onChange={(event) =>
              change({ ...(search.runs && { runs: search.runs }), ...(event.target.checked && { all: true }) })
            }
          />
          What is the same too
        </label>
      }
    >
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && <Loading what="the runs" />}
      {found.data && (
        <>
          <ComparedTexts
            title="Params"
            heads={found.data.comparison.runs}
            rows={found.data.comparison.params}
            all={search.all === true}
            leave={leave}
          />
          <ComparedMetrics heads={found.data.comparison.runs} rows={found.data.comparison.metrics} />
          <Evaluated heads={found.data.comparison.runs} facts={found.data.facts ?? []} />
          <PromptDiffs heads={found.data.comparison.runs} facts={found.data.facts ?? []} />
          <Costs heads={found.data.comparison.runs} facts={found.data.facts ?? []} />
          <ComparedTexts
            title="Tags"
            heads={found.data.comparison.runs}
            rows={found.data.comparison.tags}
            all={search.all === true}
          />
        </>
      )}
    </Page>
  );
}
