import { useQuery } from "@tanstack/react-query";

import { api } from "~/api/client";
import { Region } from "~/shared/Region";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Time } from "~/shared/Time";

const WORDS: Record<string, string> = { set: "moved", delete: "removed", rollback: "rolled back" };

/** What became of a prompt's aliases: who moved which where, when, and why. */
export function AliasHistory({ name }: { name: string }) {
  const found = useQuery({
    queryKey: ["prompts", name, "alias-events"],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/prompts/{name}/alias-events", { params: { path: { name } }, signal }),
  });
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="the history" />;
  const events = found.data.events ?? [];
  if (events.length === 0) {
    return (
      <Empty
        title="No move of an alias is recorded"
        command={`quire prompts alias set ${name} champion 1 --reason "…"`}
      >
        Drag an alias onto a version, or give a version one by its button.
      </Empty>
    );
  }
  return (
    <Region label="History of aliases">
      <table className="wide">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Alias</th>
            <th scope="col">What</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">By</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event, index) => (
            <tr key={index}>
              <td>
                <Time ms={event.at} />
              </td>
              <td>@{event.alias}</td>
              <td>{WORDS[event.kind] ?? event.kind}</td>
              <td>{event.old ?? "–"}</td>
              <td>{event.new ?? "–"}</td>
              <td>
                <Cut text={event.by || "–"} />
              </td>
              <td dir="auto">{event.reason || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
