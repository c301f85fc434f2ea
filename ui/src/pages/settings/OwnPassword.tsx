import { type SyntheticEvent, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import type { Me } from "~/shared/me";
import { useToast } from "~/shared/Toasts";

import css from "./settings.module.css";

/** A new password for oneself. It ends the sessions, this one too. */
export function OwnPassword({ me }: { me: Me }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>();
  const say = useToast();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setError(undefined);
    try {
      const body = { username: me.username, password, current_password: current };
      await api.PATCH("/api/2.0/mlflow/users/update-password", { body });
      say("Your password is another now. Sign in with it.");
      setCurrent("");
      setPassword("");
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      <h2>Your password</h2>
      <div className={css.filters}>
        <label className={css.field}>
          The one you have
          <input
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        </label>
        <label className={css.field}>
          A new one, of 12 characters or more
          <input
            type="password"
            autoComplete="new-password"
            minLength={12}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <Button type="submit">Change it</Button>
      </div>
      <p className="small muted">You sign in again with the new one, everywhere. Tokens go on.</p>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}
