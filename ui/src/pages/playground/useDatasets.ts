/** The datasets of the server, and the versions of one. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";

export function useDatasets() {
  return useQuery({
    queryKey: ["datasets", "playground"],
    queryFn: ({ signal }) =>
      api.POST("/api/3.0/mlflow/datasets/search", {
        body: { max_results: 500, order_by: ["last_update_time DESC"] },
        signal,
      }),
  });
}

/** The dataset that is chosen: until somebody chooses, the first that was shown, though the list may change its order. */
export function useChosenDataset(first: string | undefined): [string, (id: string) => void] {
  const [chosen, choose] = useState("");
  if (chosen === "" && first) choose(first);
  return [chosen || (first ?? ""), choose];
}

export function useVersions(dataset: string) {
  const { data } = useQuery({
    queryKey: ["datasets", "versions", dataset],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/datasets/{dataset_id}/versions", {
        params: { path: { dataset_id: dataset }, query: { max_results: 200 } },
        signal,
      }),
    enabled: dataset !== "",
  });
  return data?.versions ?? [];
}
