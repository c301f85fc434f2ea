import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";

import { address } from "~/api/client";
import { Badge } from "~/shared/Badge";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Tabs } from "~/shared/Tabs";
import { Time } from "~/shared/Time";

import { Description } from "./Description";
import { Files } from "./Files";
import { ModelChanges } from "./ModelChanges";
import { ModelLineage } from "./ModelLineage";
import css from "./Models.module.css";
import { Package } from "./Package";
import { type ModelVersion, versionQuery } from "./queries";
import { modelVersionRoute } from "./routes";
import type { VersionTab } from "./search";
import { TagList } from "./TagList";

const TABS: readonly { value: VersionTab; label: string }[] = [
  { value: "package", label: "Package" },
  { value: "files", label: "Files" },
  { value: "changes", label: "Changes" },
  { value: "lineage", label: "Lineage" },
];

/** One version of a registered model: what is packaged, and where it came from. */
export function ModelVersionPage() {
  const { name, version } = modelVersionRoute.useParams();
  const search = modelVersionRoute.useSearch();
  const navigate = useNavigate();
  const found = useQuery(versionQuery(name, version));
  const tab = search.tab ?? "package";
  const bundle = `api/quire/v1/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/bundle`;
  return (
    <Page
      title={`${name}, version ${version}`}
      kind="Model version"
      subtitle={
        <Link to="/models/$name" params={{ name }}>
          All versions
        </Link>
      }
      actions={
        <a className={css.download} href={address(bundle)} download>
          <Download size={16} aria-hidden /> Download as one file
        </a>
      }
    >
      {found.isPending && <Loading what="the version" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && (
        <>
          <Head version={found.data.model_version} />
          <Tabs
            label="Views"
            tabs={TABS}
            value={tab}
            choose={(next) =>
              void navigate({ to: "/models/$name/versions/$version", params: { name, version }, search: { tab: next } })
            }
          />
          <View tab={tab} name={name} version={version} />
        </>
      )}
    </Page>
  );
}

function View({ tab, name, version }: { tab: VersionTab; name: string; version: string }) {
  switch (tab) {
    case "package":
      return <Package name={name} version={version} />;
    case "files":
      return <Files name={name} version={version} />;
    case "changes":
      return <ModelChanges name={name} version={version} />;
    case "lineage":
      return <ModelLineage name={name} version={version} />;
  }
}

function Head({ version }: { version: ModelVersion }) {
  const { name, version: number } = version;
  return (
    <div className="stack">
      <p className="row small muted">
        <span>
          Made <Time ms={version.creation_timestamp} />
          {version.user_id && ` by ${version.user_id}`}
        </span>
        {version.run_id && (
          <Link to="/runs/$runId" params={{ runId: version.run_id }}>
            The run that made it
          </Link>
        )}
        {(version.aliases ?? []).map((alias) => (
          <Badge key={alias} tone="accent">
            @{alias}
          </Badge>
        ))}
      </p>
      <Description name={name} version={number} text={version.description ?? ""} />
      <TagList name={name} version={number} tags={version.tags ?? []} />
    </div>
  );
}
