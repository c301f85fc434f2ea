import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import type { Schemas } from "~/api/types";
import { Region } from "~/shared/Region";
import { AliasList } from "~/shared/aliases/AliasList";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { permitToCreate, useMe } from "~/shared/me";
import { Page } from "~/shared/Page";
import { Pager } from "~/shared/Pager";
import { SearchBox } from "~/shared/SearchBox";
import { Time } from "~/shared/Time";

import { Editor } from "./Editor";
import { promptsQuery } from "./queries";
import { promptsRoute } from "./routes";

/** All prompts: newest version, aliases, last change. */
export function PromptsPage() {
  const { q, after, create } = promptsRoute.useSearch();
  const navigate = useNavigate();
  const found = useQuery(promptsQuery(q, after));
  const making = permitToCreate(useMe());
  const seek = useCallback(
    (text: string) =>
      void navigate({
        to: "/prompts",
        search: { ...(text && { q: text }), ...(create && { create }) },
        replace: true,
      }),
    [navigate, create],
  );
  const prompts = found.data?.prompts ?? [];
  return (
    <Page
      title="Prompts"
      actions={
        <Button
          disabled={!making.allowed}
          title={making.why}
          onClick={() => void navigate({ to: "/prompts", search: { create: true } })}
        >
          New prompt
        </Button>
      }
    >
      {create && making.why !== undefined && <p className="muted">{making.why}</p>}
      {create && making.why === undefined && (
        <Editor name={undefined} base={undefined} cancel={() => void navigate({ to: "/prompts" })} />
      )}
      <SearchBox label="Search prompts by name" value={q ?? ""} seek={seek} />
      {found.isPending && <Loading what="prompts" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && prompts.length === 0 && <Nothing q={q} />}
      {prompts.length > 0 && <Table prompts={prompts} />}
      <Pager
        isFirst={after === undefined}
        first={() => void navigate({ to: "/prompts", search: q ? { q } : {} })}
        next={
          found.data?.next_page_token
            ? () =>
                void navigate({ to: "/prompts", search: { ...(q && { q }), after: found.data.next_page_token ?? "" } })
            : undefined
        }
      />
    </Page>
  );
}

function Nothing({ q }: { q: string | undefined }) {
  if (q) return <Empty title={`No prompt has “${q}” in its name`} />;
  return (
    <Empty title="There are no prompts yet" command={'quire prompts register joker --file joker.prompt -m "First"'}>
      A prompt is a named template with immutable versions. Make one here, in Python, or from a file.
    </Empty>
  );
}

function Table({ prompts }: { prompts: Schemas["PromptSummary"][] }) {
  return (
    <Region label="Prompts">
      <table className="wide">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="number">
              Newest
            </th>
            <th scope="col">Aliases</th>
            <th scope="col">Changed</th>
            <th scope="col">By</th>
            <th scope="col">Commit message</th>
          </tr>
        </thead>
        <tbody>
          {prompts.map(({ prompt, latest }) => (
            <tr key={prompt.name}>
              <td>
                <Link to="/prompts/$name" params={{ name: prompt.name }}>
                  <Cut text={prompt.name} />
                </Link>
              </td>
              <td className="number">{latest?.version ?? "–"}</td>
              <td>
                <AliasList aliases={prompt.aliases ?? {}} />
              </td>
              <td>
                <Time ms={prompt.last_updated_timestamp} />
              </td>
              <td>
                <Cut text={latest?.author || "–"} />
              </td>
              <td>
                <Cut text={latest?.commit_message || "–"} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
