import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { useExperiments } from "~/shared/experiments";
import { Failure } from "~/shared/Failure";
import { ReasonDialog } from "~/shared/ReasonDialog";

import { GivePermission } from "./GivePermission";
import css from "./settings.module.css";
import { permissionWord } from "./useUsers";

type Permission = Schemas["PermissionMessage"];

/** The roles of a user on single experiments, models and endpoints. They count there in place of the workspace's. */
export function Permissions({ username }: { username: string }) {
  const [taken, setTaken] = useState<Permission>();
  const queries = useQueryClient();
  const nameOf = useNames();
  const found = useQuery({
    queryKey: ["settings", "permissions", username],
    queryFn: ({ signal }) =>
      api.GET("/api/3.0/mlflow/users/permissions/list", { params: { query: { username } }, signal }),
  });
  const take = async ({ resource_type, resource_id }: Permission, reason: string) => {
    const body = { username, resource_type, resource_id, reason };
    await api.POST("/api/3.0/mlflow/users/permissions/revoke", { body });
    await queries.invalidateQueries({ queryKey: ["settings"] });
  };
  return (
    <div className="stack">
      <h3>Roles on single things</h3>
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data?.permissions.length === 0 && <p className="muted">None: the role in the workspace counts.</p>}
      {found.data && found.data.permissions.length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
        <div className={css.scroller} tabIndex={0} role="region" aria-label="Roles on single things, scrollable">
          <table>
            <tbody>
              {found.data.permissions.map((item) => (
                <tr key={`${item.resource_type} ${item.resource_id}`}>
                  <td>{item.resource_type.replace("_", " ")}</td>
                  <td className={css.name}>
                    <Cut text={nameOf(item)} />
                  </td>
                  <td>
                    <Badge>{permissionWord(item.permission)}</Badge>
                  </td>
                  <td>
                    <Button onClick={() => setTaken(item)}>Take away</Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <GivePermission username={username} />
      <ReasonDialog
        title={`Take the role on ${taken ? nameOf(taken) : ""} from ${username}`}
        act="Take it"
        danger
        open={taken !== undefined}
        close={() => setTaken(undefined)}
        run={async (reason) => {
          if (taken) await take(taken, reason);
        }}
      />
    </div>
  );
}

/** What a role is on, by its name. */
function useNames(): (item: Permission) => string {
  const experiments = useExperiments().data;
  return ({ resource_type, resource_id }) => {
    if (resource_type !== "experiment") return resource_id;
    const found = experiments?.find(({ experiment_id }) => experiment_id === resource_id);
    return found ? `${found.name} (${resource_id})` : resource_id;
  };
}
