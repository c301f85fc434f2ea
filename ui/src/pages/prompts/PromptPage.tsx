import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { Button } from "~/shared/Button";
import { Comments } from "~/shared/Comments";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { permit, useMe } from "~/shared/me";
import { Page } from "~/shared/Page";
import { Tabs } from "~/shared/Tabs";

import { AliasHistory } from "./AliasHistory";
import { Blame } from "./Blame";
import { Changes } from "./Changes";
import { NewVersion } from "./NewVersion";
import { PromptLineage } from "./PromptLineage";
import css from "./PromptPage.module.css";
import { promptQuery, type VersionSummary, versionsQuery } from "./queries";
import { promptRoute } from "./routes";
import type { Tab } from "./search";
import { Timeline } from "./Timeline";
import { VersionView } from "./VersionView";

const TABS: readonly { value: Tab; label: string }[] = [
  { value: "template", label: "Template" },
  { value: "changes", label: "Changes" },
  { value: "lines", label: "Lines" },
  { value: "aliases", label: "Aliases" },
  { value: "lineage", label: "Lineage" },
];

/** One prompt: its versions, and what the chosen one says. */
export function PromptPage() {
  const { name } = promptRoute.useParams();
  const search = promptRoute.useSearch();
  const navigate = useNavigate();
  const prompt = useQuery(promptQuery(name));
  const found = useInfiniteQuery(versionsQuery(name));
  const versions = found.data?.pages.flatMap((page) => page.versions ?? []) ?? [];
  const chosen = search.version ?? versions[0]?.version;
  const tab = search.tab ?? "template";
  const choose = (next: Tab) =>
    void navigate({ to: "/prompts/$name", params: { name }, search: { ...search, tab: next } });
  const editing = permit(useMe(), "editor", "registered_model", name);
  const failed = prompt.error ?? found.error;
  return (
    <Page
      title={name}
      kind="Prompt"
      subtitle={prompt.data?.prompt.description}
      actions={
        <>
          <Link to="/playground" search={{ bases: chosen === undefined ? [] : [`prompts:/${name}/${chosen}`] }}>
            Try it
          </Link>
          <Button disabled={!editing.allowed} title={editing.why} onClick={() => choose("new")}>
            New version
          </Button>
        </>
      }
    >
      {failed && <Failure error={failed} again={() => void Promise.all([prompt.refetch(), found.refetch()])} />}
      {!failed && (found.isPending || prompt.isPending) && <Loading what="versions" />}
      {found.isSuccess && versions.length === 0 && (
        <Empty
          title="This prompt has no versions yet"
          command={`quire prompts register ${name} --file FILE -m "First"`}
        />
      )}
      {versions.length > 0 && !prompt.isPending && (
        <div className={css.columns}>
          <Timeline
            name={name}
            aliases={prompt.data?.prompt.aliases ?? {}}
            versions={versions}
            chosen={chosen}
            editing={editing}
            more={found.hasNextPage ? () => void found.fetchNextPage() : undefined}
          />
          <div className="stack">
            <Tabs label="Views" tabs={TABS} value={tab} choose={choose} />
            {tab === "new" && editing.why !== undefined ? (
              <p className="muted">{editing.why}</p>
            ) : (
              <View name={name} tab={tab} chosen={chosen} versions={versions} />
            )}
          </div>
        </div>
      )}
      {prompt.isSuccess && <Comments subject="prompt" id={name} />}
    </Page>
  );
}

type ViewProps = { name: string; tab: Tab; chosen: number | undefined; versions: VersionSummary[] };

function View({ name, tab, chosen, versions }: ViewProps) {
  if (chosen === undefined) return null;
  switch (tab) {
    case "template":
      return <VersionView name={name} version={chosen} />;
    case "changes":
      return <Changes name={name} chosen={chosen} versions={versions} />;
    case "lines":
      return <Blame name={name} version={chosen} />;
    case "aliases":
      return <AliasHistory name={name} />;
    case "lineage":
      return <PromptLineage name={name} version={chosen} />;
    case "new":
      return <NewVersion key={name} name={name} version={chosen} />;
  }
}
