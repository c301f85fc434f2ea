import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { LineageView } from "~/shared/lineage/LineageView";
import { Loading } from "~/shared/Loading";

/** What came of a version: models, runs, evaluations, endpoints. */
export function PromptLineage({ name, version }: { name: string; version: number }) {
  const found = useQuery({
    queryKey: ["prompts", name, "lineage", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/prompts/{name}/versions/{version}/lineage", {
        params: { path: { name, version: String(version) } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="the lineage" />;
  const { lineage } = found.data;
  return (
    <div className="stack">
      <h2>What came of version {version}</h2>
      {lineage.nodes.length > 1 || (lineage.traces ?? 0) > 0 ? (
        <LineageView lineage={lineage} />
      ) : (
        <Empty
          title="Nothing is known to have used this version"
          command={`with quire.start_run():\n    prompt = quire.load_prompt("prompts:/${name}/${version}")`}
        >
          A prompt that is loaded inside a run or a traced function, and a model made of it, are linked to it.
        </Empty>
      )}
    </div>
  );
}
