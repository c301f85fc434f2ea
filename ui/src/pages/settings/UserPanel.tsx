import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import type { Me } from "~/shared/me";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import { Permissions } from "./Permissions";
import { RoleSelect } from "./RoleSelect";
import css from "./settings.module.css";
import { type User, WORKSPACE_ROLES, type WorkspaceRole } from "./useUsers";

type Doing = "role" | "password" | "delete";

/** One user: role, password, roles on single things, and the end. */
export function UserPanel({ user, me, gone }: { user: User; me: Me; gone: () => void }) {
  const { username } = user;
  const own = WORKSPACE_ROLES.find(({ value }) => value === user.role)?.value ?? "default";
  const [role, setRole] = useState<WorkspaceRole>(own);
  const [password, setPassword] = useState("");
  const [doing, setDoing] = useState<Doing>();
  const queries = useQueryClient();
  const say = useToast();
  const close = () => setDoing(undefined);
  const finish = async (said: string) => {
    say(said);
    await queries.invalidateQueries({ queryKey: ["settings"] });
  };
  const changeRole = async (reason: string) => {
    await api.PATCH("/api/quire/v1/users/{username}", { params: { path: { username } }, body: { role, reason } });
    await finish(`${username} has the role ${role} now.`);
  };
  const changePassword = async (reason: string) => {
    await api.PATCH("/api/2.0/mlflow/users/update-password", { body: { username, password, reason } });
    setPassword("");
    await finish(`${username} has another password now; their sessions ended.`);
  };
  const remove = async (reason: string) => {
    await api.DELETE("/api/2.0/mlflow/users/delete", { body: { username, reason } });
    gone();
    await finish(`${username} is no user any more.`);
  };
  return (
    <section className={`card ${css.panel}`} aria-label={`The user ${username}`}>
      <div className="row">
        <h2 className="grow" dir="auto">
          {username}
        </h2>
        <Link to="/settings" search={{ tab: "tokens", user: username }}>
          Tokens
        </Link>
        <Link to="/settings" search={{ tab: "audit", who: username }}>
          What they changed
        </Link>
      </div>
      <div className={css.filters}>
        <RoleSelect role={role} choose={setRole} />
        <Button onClick={() => setDoing("role")} disabled={role === own}>
          Change the role
        </Button>
      </div>
      <Permissions username={username} />
      {username !== me.username && (
        <div className="row">
          <Button onClick={() => setDoing("password")}>New password</Button>
          <Button look="danger" onClick={() => setDoing("delete")}>
            Delete the user
          </Button>
        </div>
      )}
      <ReasonDialog
        title={`Give ${username} the role ${role}`}
        act="Change"
        open={doing === "role"}
        close={close}
        run={changeRole}
      />
      <ReasonDialog
        title={`A new password for ${username}`}
        act="Set it"
        open={doing === "password"}
        close={close}
        run={changePassword}
      >
        <label className={css.field}>
          Password, of 12 characters or more
          <input
            type="password"
            autoComplete="new-password"
            minLength={12}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
      </ReasonDialog>
      <ReasonDialog
        title={`Delete ${username}`}
        act="Delete"
        danger
        open={doing === "delete"}
        close={close}
        run={remove}
      >
        <p>Their roles and tokens go too. What they made, and the audit log, stay.</p>
      </ReasonDialog>
    </section>
  );
}
