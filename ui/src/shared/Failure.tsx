import { ApiError } from "~/api/client";

import { Button } from "./Button";
import css from "./Failure.module.css";

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className={css.failure} role="alert">
      <p>
        <strong>{error instanceof ApiError && error.status === 404 ? "Not found" : "That did not work"}</strong>
      </p>
      <p dir="auto" className={css.message}>
        {message}
      </p>
      {again && <Button onClick={again}>Try again</Button>}
    </div>
  );
}
