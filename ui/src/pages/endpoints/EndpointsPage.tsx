import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";
import { type Column, VirtualTable } from "~/shared/table/VirtualTable";

import { EndpointDialog } from "./EndpointDialog";
import css from "./parts.module.css";
import { endpointOverviews, type Overview } from "./queries";
import { TrafficCell } from "./TrafficCell";
import { TrialCell } from "./TrialCell";
import { Uri } from "./Uri";

const COLUMNS: Column<Overview>[] = [
  {
    id: "name",
    title: "Endpoint",
    width: 150,
    cell: ({ endpoint }) => (
      <Link to="/endpoints/$name" params={{ name: endpoint.name }} title={endpoint.name}>
        {endpoint.name}
      </Link>
    ),
  },
  { id: "serves", title: "Serves", width: 220, cell: (one) => <Serves overview={one} /> },
  {
    id: "traffic",
    title: "Requests of the last day",
    width: 220,
    cell: (one) => <TrafficCell name={one.endpoint.name} />,
  },
  { id: "trial", title: "Trial", width: 280, cell: (one) => <TrialCell trials={one.trials ?? []} /> },
  {
    id: "deployed",
    title: "Deployed to",
    width: 140,
    cell: ({ deployments = [] }) => (
      <Cut text={deployments.length === 0 ? "–" : deployments.map(({ kind, name }) => `${kind}: ${name}`).join(", ")} />
    ),
  },
];

/** All endpoints: what serves, what is tried, how much is asked. */
export function EndpointsPage() {
  const found = useQuery(endpointOverviews);
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const overviews = found.data?.overviews;
  const row = useCallback((index: number) => overviews?.[index], [overviews]);
  const open = useCallback(
    ({ endpoint }: Overview) => void navigate({ to: "/endpoints/$name", params: { name: endpoint.name } }),
    [navigate],
  );
  return (
    <Page title="Endpoints" fills actions={<Button onClick={() => setCreating(true)}>New endpoint …</Button>}>
      {found.isPending && <Loading what="the endpoints" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data && !overviews?.length && (
        <Empty title="There is no endpoint yet" command="quire serve models:/NAME@champion">
          An endpoint answers OpenAI&rsquo;s API with a registered model. Servers that run without naming endpoints
          serve all that are kept here.
        </Empty>
      )}
      {overviews && overviews.length > 0 && (
        <VirtualTable
          label="Endpoints"
          columns={COLUMNS}
          total={overviews.length}
          row={row}
          open={open}
          rowHeight={46}
        />
      )}
      {creating && (
        <EndpointDialog
          close={() => setCreating(false)}
          saved={(name) => void navigate({ to: "/endpoints/$name", params: { name } })}
        />
      )}
    </Page>
  );
}

function Serves({ overview }: { overview: Overview }) {
  const { endpoint, alias, version } = overview;
  return (
    <span className={css.inline}>
      {alias && (
        <Badge tone={version == null ? "bad" : "accent"}>{version == null ? "nothing" : `version ${version}`}</Badge>
      )}
      <Uri uri={endpoint.model} />
    </span>
  );
}
