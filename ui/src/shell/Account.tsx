import { useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { useState } from "react";

import { address, fetched } from "~/api/client";
import { Button } from "~/shared/Button";
import { Cut } from "~/shared/Cut";
import { Failure } from "~/shared/Failure";
import { useMe } from "~/shared/me";

/** Who is signed in, and the way out. Nothing on a server that asks nobody. */
export function Account() {
  const me = useMe();
  const queries = useQueryClient();
  const [error, setError] = useState<unknown>();
  if (!me?.auth) return null;
  const leave = async () => {
    try {
      await fetched("api/quire/v1/logout", { method: "POST" });
    } catch (failed) {
      setError(failed);
      return;
    }
    queries.clear();
    location.assign(address("sign-in"));
  };
  return (
    <div className="stack">
      <div>
        <p>
          <Cut text={me.username} />
        </p>
        <p className="small muted">{me.administers ? "admin of the server" : `role: ${me.role}`}</p>
      </div>
      {me.method === "session" && (
        <Button onClick={() => void leave()}>
          <LogOut size={14} aria-hidden /> Sign out
        </Button>
      )}
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}
