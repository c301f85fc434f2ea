import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import type { Me } from "~/shared/me";

import { NewUser } from "./NewUser";
import css from "./settings.module.css";
import { UserPanel } from "./UserPanel";
import { useSettings } from "./useSettings";
import { type User, useUsers } from "./useUsers";

/** Who may sign in, and the roles that they have; one of them opened, whom the address names. */
export function UsersTab({ me }: { me: Me }) {
  const { search, change } = useSettings();
  const users = useUsers();
  const [making, setMaking] = useState(false);
  if (users.isPending) return <Loading />;
  if (users.isError) return <Failure error={users.error} again={() => void users.refetch()} />;
  const opened = users.data.users.find((user) => user.username === search.user);
  return (
    <>
      <div className="row">
        <Button look="primary" onClick={() => setMaking(true)}>
          New user
        </Button>
      </div>
      <UserTable users={users.data.users} opened={search.user} />
      {search.user !== undefined && !opened && <p>There is no user {search.user} (any more).</p>}
      {opened && <UserPanel key={opened.username} user={opened} me={me} gone={() => change({ user: undefined })} />}
      <NewUser open={making} close={() => setMaking(false)} made={(user) => change({ user })} />
    </>
  );
}

function UserTable({ users, opened }: { users: readonly User[]; opened: string | undefined }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
    <div className={css.scroller} tabIndex={0} role="region" aria-label="Users, scrollable">
      <table>
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Role in the workspace</th>
            <th scope="col">Signs in by</th>
            <th scope="col">Roles on single experiments and models</th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.username} aria-current={user.username === opened ? "true" : undefined}>
              <td className={css.name}>
                <Link to="/settings" search={{ tab: "users", user: user.username }}>
                  <Cut text={user.username} />
                </Link>
              </td>
              <td>
                <Badge tone={user.is_admin ? "accent" : "plain"}>{user.role ?? "default"}</Badge>
              </td>
              <td>{user.has_password ? "password" : "tokens, or the identity provider"}</td>
              <td>
                {(user.experiment_permissions?.length ?? 0) + (user.registered_model_permissions?.length ?? 0) || "–"}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
