import { useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Modal } from "~/shared/Modal";

import { RoleSelect } from "./RoleSelect";
import css from "./settings.module.css";
import type { WorkspaceRole } from "./useUsers";

type Props = { open: boolean; close: () => void; made: (username: string) => void };

/** Adds a user with a password. */
export function NewUser({ open, close, made }: Props) {
  return (
    <Modal title="A new user" open={open} close={close}>
      <UserForm close={close} made={made} />
    </Modal>
  );
}

function UserForm({ close, made }: Omit<Props, "open">) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<WorkspaceRole>("default");
  const [error, setError] = useState<unknown>();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setError(undefined);
    try {
      await api.POST("/api/2.0/mlflow/users/create", { body: { username, password } });
      if (role !== "default") {
        const params = { path: { username } };
        await api.PATCH("/api/quire/v1/users/{username}", { params, body: { role, reason: "new user" } });
      }
      await queries.invalidateQueries({ queryKey: ["settings"] });
      close();
      made(username);
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <label className={css.field}>
        User name
        <input
          value={username}
          maxLength={255}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(event) => setUsername(event.target.value)}
        />
      </label>
      <label className={css.field}>
        Password, of 12 characters or more
        <input
          type="password"
          value={password}
          minLength={12}
          required
          autoComplete="new-password"
          onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      <RoleSelect role={role} choose={setRole} />
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button type="submit" look="primary">
          Add the user
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}
