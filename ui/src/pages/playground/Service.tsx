import { useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { cost } from "~/shared/quantities";

/** Where requests go; what to set if they cannot go anywhere. The key stays on the server. */
export function Service() {
  const service = useQuery({
    queryKey: ["settings", "playground-service"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/playground/service", { signal }),
  });
  if (service.error) return <Failure error={service.error} again={() => void service.refetch()} />;
  if (!service.data) return <Loading what="the service" />;
  const { ready, address, problem, max_usd_a_day: most } = service.data;
  if (ready) {
    return (
      <p className="muted small">
        Asked is <span className="mono">{address}</span>, with the server’s own key
        {typeof most === "number" && <>, for at most {cost(most)} a day</>}.
      </p>
    );
  }
  return (
    <Empty title="The server has no service to ask" command={"export OPENAI_API_KEY=…\nquire server"}>
      <p>{problem}</p>
      <p>
        Without a key: <code>quire simulate</code> starts a simulator and says what to set before the server is started.
      </p>
    </Empty>
  );
}
