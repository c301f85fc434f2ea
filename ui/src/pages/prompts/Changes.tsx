import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { ChangeList, KindBadge } from "~/shared/diff/ChangeList";
import { LayoutChoice } from "~/shared/diff/LayoutChoice";
import { type DiffLayout, TextDiff } from "~/shared/diff/TextDiff";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { VersionChoice } from "~/shared/VersionChoice";

import type { VersionSummary } from "./queries";
import { promptRoute } from "./routes";

type Props = { name: string; chosen: number; versions: VersionSummary[] };

/** What differs between two versions. */
export function Changes({ name, chosen, versions }: Props) {
  const search = promptRoute.useSearch();
  const navigate = useNavigate();
  const numbers = versions.map(({ version }) => version);
  const old = search.old ?? numbers.find((version) => version < chosen);
  const layout = search.layout ?? "inline";
  const go = (change: { old?: number; version?: number; layout?: DiffLayout }) =>
    void navigate({ to: "/prompts/$name", params: { name }, search: { ...search, ...change } });
  return (
    <div className="stack">
      <div className="row">
        <VersionChoice label="From" versions={numbers} value={old} choose={(version) => go({ old: version })} />
        <VersionChoice label="To" versions={numbers} value={chosen} choose={(version) => go({ version })} />
        <LayoutChoice value={layout} choose={(next) => go({ layout: next })} />
      </div>
      {old === undefined ? (
        <Empty title="There is no version before this one">Choose another one to compare it with.</Empty>
      ) : (
        <Diff name={name} old={old} chosen={chosen} layout={layout} />
      )}
    </div>
  );
}

function Diff({ name, old, chosen, layout }: { name: string; old: number; chosen: number; layout: DiffLayout }) {
  const found = useQuery({
    queryKey: ["prompts", name, "diff", old, chosen],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/prompts/{name}/diff", {
        params: { path: { name }, query: { old: String(old), new: String(chosen) } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="the differences" />;
  const { diff, summary } = found.data;
  return (
    <div className="stack">
      <h2>{summary}</h2>
      <Variables diff={diff} />
      {diff.messages.map((change, index) => (
        <MessageDiff key={index} change={change} layout={layout} />
      ))}
      <Settings title="Parameter policy" changes={diff.settings.filter(isOfPolicy)} layout={layout} />
      <Settings
        title="Settings, schema and tags"
        changes={diff.settings.filter((change) => !isOfPolicy(change))}
        layout={layout}
      />
      {diff.commit_message && (
        <section className="stack">
          <h3>Commit message</h3>
          <ChangeList changes={[diff.commit_message]} layout={layout} />
        </section>
      )}
    </div>
  );
}

type Change = Schemas["Change"];

function isOfPolicy({ path }: Change): boolean {
  return path === "params" || path.startsWith("params.");
}

function Settings(props: { title: string; changes: readonly Change[]; layout: DiffLayout }) {
  const { title, changes, layout } = props;
  if (changes.length === 0) return null;
  return (
    <section className="stack" aria-label={title}>
      <h3>{title}</h3>
      <ChangeList changes={changes} layout={layout} />
    </section>
  );
}

function Variables({ diff }: { diff: Schemas["PromptDiff"] }) {
  if (diff.variables_added.length + diff.variables_removed.length === 0) return null;
  return (
    <p className="row">
      Variables:
      {diff.variables_added.map((variable) => (
        <Badge key={variable} tone="good" title={`${variable} was added`}>
          + {variable}
        </Badge>
      ))}
      {diff.variables_removed.map((variable) => (
        <Badge key={variable} tone="bad" title={`${variable} was removed`}>
          − {variable}
        </Badge>
      ))}
    </p>
  );
}

function MessageDiff({ change, layout }: { change: Schemas["MessageChange"]; layout: DiffLayout }) {
  const place = (change.new_index ?? change.old_index ?? 0) + 1;
  const text = wordsOf(change.message);
  return (
    <section className="stack">
      <h3 className="row">
        <KindBadge kind={change.kind} />
        {change.role ? `Message ${place} (${change.role})` : "Text"}
        {change.moved && change.old_index !== undefined && change.old_index !== null && (
          <span className="muted small">was message {change.old_index + 1}</span>
        )}
      </h3>
      {text !== undefined && change.kind !== "changed" && (
        <TextDiff
          before={change.kind === "added" ? "" : text}
          after={change.kind === "removed" ? "" : text}
          layout={layout}
        />
      )}
      {change.changes && <ChangeList changes={change.changes} layout={layout} />}
    </section>
  );
}

function wordsOf(message: Record<string, unknown> | null | undefined): string | undefined {
  if (!message) return undefined;
  const content = message["content"];
  return typeof content === "string" ? content : JSON.stringify(message, null, 2);
}
