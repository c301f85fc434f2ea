import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { Button } from "~/shared/Button";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Tabs } from "~/shared/Tabs";

import { Description } from "./Description";
import { Promotions } from "./Promotions";
import { modelQuery, versionsQuery } from "./queries";
import { modelRoute } from "./routes";
import type { ModelTab } from "./search";
import { TagList } from "./TagList";
import { VersionTable } from "./VersionTable";

const TABS: readonly { value: ModelTab; label: string }[] = [
  { value: "versions", label: "Versions" },
  { value: "promotions", label: "Promotions" },
];

/** One registered model: its versions, which serves, and how it came to that. */
export function ModelPage() {
  const { name } = modelRoute.useParams();
  const { tab = "versions" } = modelRoute.useSearch();
  const navigate = useNavigate();
  const model = useQuery(modelQuery(name));
  const found = useInfiniteQuery(versionsQuery(name));
  const versions = found.data?.pages.flatMap((page) => page.model_versions ?? []) ?? [];
  const failed = model.error ?? found.error;
  const stored = model.data?.registered_model;
  const aliases = Object.fromEntries((stored?.aliases ?? []).map(({ alias, version }) => [alias, version]));
  return (
    <Page title={name} kind="Model">
      {failed && <Failure error={failed} again={() => void Promise.all([model.refetch(), found.refetch()])} />}
      {!failed && (found.isPending || model.isPending) && <Loading what="the model" />}
      {stored && <Description name={name} text={stored.description ?? ""} />}
      {stored && <TagList name={name} tags={stored.tags ?? []} />}
      {stored && !failed && (
        <Tabs
          label="Views"
          tabs={TABS}
          value={tab}
          choose={(next) => void navigate({ to: "/models/$name", params: { name }, search: { tab: next } })}
        />
      )}
      {!failed && tab === "promotions" && <Promotions name={name} />}
      {!failed && tab === "versions" && found.isSuccess && (
        <>
          {versions.length === 0 && (
            <Empty
              title="This model has no versions yet"
              command={`quire.register_model(f"runs:/{run_id}/NAME", "${name}")`}
            />
          )}
          {versions.length > 0 && <VersionTable name={name} versions={versions} aliases={aliases} />}
          {found.hasNextPage && (
            <div className="row">
              <Button onClick={() => void found.fetchNextPage()}>Older versions</Button>
            </div>
          )}
        </>
      )}
    </Page>
  );
}
