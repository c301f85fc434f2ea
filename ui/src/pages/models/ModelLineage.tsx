import { useQuery } from "@tanstack/react-query";

import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { LineageView } from "~/shared/lineage/LineageView";
import { Loading } from "~/shared/Loading";

import { lineageQuery } from "./queries";

/** Where a version came from, which evaluations scored it, which endpoints answer with it. */
export function ModelLineage({ name, version }: { name: string; version: string }) {
  const found = useQuery(lineageQuery(name, version));
  if (found.isPending) return <Loading what="the lineage" />;
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  const { lineage } = found.data;
  if (lineage.nodes.length === 1) return <Empty title="Nothing is known of where this version came from or went to" />;
  return <LineageView lineage={lineage} />;
}
