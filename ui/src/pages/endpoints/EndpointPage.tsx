import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Page } from "~/shared/Page";

import { Calling } from "./Calling";
import { EndpointActions } from "./EndpointActions";
import { EndpointRecord } from "./EndpointRecord";
import { EndpointServes } from "./EndpointServes";
import { EndpointSettings } from "./EndpointSettings";
import { EndpointTrials, ShadowTrials } from "./EndpointTrials";
import { endpointOverview } from "./queries";
import { TrafficPictures } from "./TrafficPictures";

const route = getRouteApi("/shell/endpoints/$name");

/** An endpoint: what serves, how it does, what was tried on it, how it is set, and what was changed. */
export function EndpointPage() {
  const { name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const found = useQuery(endpointOverview(name));
  if (!found.data) {
    return (
      <Page title={name} kind="Endpoint">
        {found.isError ? (
          <Failure error={found.error} again={() => void found.refetch()} />
        ) : (
          <Loading what="the endpoint" />
        )}
      </Page>
    );
  }
  const { overview, settings } = found.data;
  return (
    <Page
      title={name}
      kind="Endpoint"
      subtitle={overview.endpoint.description}
      actions={<EndpointActions overview={overview} />}
    >
      <EndpointServes overview={overview} />
      <TrafficPictures
        name={name}
        range={search.range ?? "24h"}
        by={search.by ?? "version"}
        choose={({ range, by }) =>
          void navigate({ search: { ...(range !== "24h" && { range }), ...(by === "arm" && { by }) } })
        }
      />
      <EndpointTrials name={name} />
      {(overview.endpoint.shadows ?? []).map((shadow) => (
        <ShadowTrials key={shadow.name} name={name} shadow={shadow} />
      ))}
      <EndpointSettings settings={settings} />
      <Calling name={name} />
      <EndpointRecord name={name} />
    </Page>
  );
}
