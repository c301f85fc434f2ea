import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { ChangeList } from "~/shared/diff/ChangeList";
import { LayoutChoice } from "~/shared/diff/LayoutChoice";
import type { DiffLayout } from "~/shared/diff/TextDiff";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { VersionChoice } from "~/shared/VersionChoice";

import { diffQuery, versionsQuery } from "./queries";
import { modelVersionRoute } from "./routes";

/** What differs between a version and another one. */
export function ModelChanges({ name, version }: { name: string; version: string }) {
  const search = modelVersionRoute.useSearch();
  const navigate = useNavigate();
  const found = useInfiniteQuery(versionsQuery(name));
  const numbers =
    found.data?.pages.flatMap((page) => (page.model_versions ?? []).map((item) => Number(item.version))) ?? [];
  const old = search.old ?? numbers.find((number) => number < Number(version));
  const layout = search.layout ?? "inline";
  const go = (change: { old?: number; layout?: DiffLayout }) =>
    void navigate({
      to: "/models/$name/versions/$version",
      params: { name, version },
      search: { ...search, ...change },
    });
  return (
    <div className="stack">
      <div className="row">
        <VersionChoice
          label="Compare with"
          versions={numbers.filter((number) => number !== Number(version))}
          value={old}
          choose={(number) => go({ old: number })}
        />
        <LayoutChoice value={layout} choose={(next) => go({ layout: next })} />
      </div>
      {old !== undefined && <Diff name={name} old={String(old)} version={version} layout={layout} />}
      {old === undefined && found.isSuccess && <Empty title="There is no version before this one" />}
    </div>
  );
}

type Props = { name: string; old: string; version: string; layout: DiffLayout };

function Diff({ name, old, version, layout }: Props) {
  const found = useQuery(diffQuery(name, old, version));
  if (found.isPending) return <Loading what="the differences" />;
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  const changes = found.data.changes ?? [];
  if (changes.length === 0) return <p>Nothing differs in template, parameters, policy and signature.</p>;
  return <ChangeList changes={changes} layout={layout} />;
}
