import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import { Region } from "~/shared/Region";
import { AliasList } from "~/shared/aliases/AliasList";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { Pager } from "~/shared/Pager";
import { SearchBox } from "~/shared/SearchBox";
import { Time } from "~/shared/Time";

import { newestOf } from "./newest";
import { modelsQuery, type RegisteredModel } from "./queries";
import { modelsRoute } from "./routes";

/** All registered models: newest version, aliases, last change. */
export function ModelsPage() {
  const { q, after } = modelsRoute.useSearch();
  const navigate = useNavigate();
  const found = useQuery(modelsQuery(q, after));
  const seek = useCallback(
    (text: string) => void navigate({ to: "/models", search: text ? { q: text } : {}, replace: true }),
    [navigate],
  );
  const models = found.data?.registered_models ?? [];
  const next = found.data?.next_page_token;
  return (
    <Page title="Models">
      <SearchBox label="Search models by name" value={q ?? ""} seek={seek} />
      {found.isPending && <Loading what="models" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && models.length === 0 && <Nothing q={q} />}
      {models.length > 0 && <Table models={models} />}
      <Pager
        isFirst={after === undefined}
        first={() => void navigate({ to: "/models", search: q ? { q } : {} })}
        next={next ? () => void navigate({ to: "/models", search: { ...(q && { q }), after: next } }) : undefined}
      />
    </Page>
  );
}

function Nothing({ q }: { q: string | undefined }) {
  if (q) return <Empty title={`No model has “${q}” in its name`} />;
  return (
    <Empty
      title="There are no registered models yet"
      command={'quire.register_model(f"runs:/{run_id}/NAME", "NAME")  # or log_model(…, registered_model_name="NAME")'}
    >
      A registered model is a name under which versions of a packaged model are kept.
    </Empty>
  );
}

function Table({ models }: { models: RegisteredModel[] }) {
  return (
    <Region label="Registered models">
      <table className="wide">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="number">
              Newest
            </th>
            <th scope="col">Aliases</th>
            <th scope="col">Changed</th>
            <th scope="col">Description</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={model.name}>
              <td>
                <Link to="/models/$name" params={{ name: model.name }}>
                  <Cut text={model.name} />
                </Link>
              </td>
              <td className="number">{newestOf(model.latest_versions ?? []) ?? "–"}</td>
              <td>
                <AliasList
                  aliases={Object.fromEntries((model.aliases ?? []).map(({ alias, version }) => [alias, version]))}
                />
              </td>
              <td>
                <Time ms={model.last_updated_timestamp} />
              </td>
              <td>
                <Cut text={model.description || "–"} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
