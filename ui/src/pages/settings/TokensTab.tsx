import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import type { Me } from "~/shared/me";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";
import { Select } from "~/shared/Select";

import { NewToken } from "./NewToken";
import { OwnPassword } from "./OwnPassword";
import type { Token } from "./tokens";
import { TokenTable } from "./TokenTable";
import { useSettings } from "./useSettings";
import { useUsers } from "./useUsers";

/** One's own tokens and password; an admin chooses whose. */
export function TokensTab({ me }: { me: Me }) {
  const { search, change } = useSettings();
  const username = search.user ?? me.username;
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token>();
  const queries = useQueryClient();
  const say = useToast();
  const tokens = useQuery({
    queryKey: ["settings", "tokens", username],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/tokens", { params: { query: { username } }, signal }),
  });
  const revoke = async (token: Token, reason: string) => {
    const { token_id } = token;
    await api.DELETE("/api/quire/v1/tokens/{token_id}", { params: { path: { token_id } }, body: { reason } });
    say(`The token ${token.name || token_id} lets nobody in any more.`);
    await queries.invalidateQueries({ queryKey: ["settings"] });
  };
  return (
    <>
      <div className="row">
        {me.administers ? <Whose me={me} username={username} choose={(user) => change({ user })} /> : null}
        <Button look="primary" onClick={() => setMaking(true)}>
          New token
        </Button>
      </div>
      <p className="muted">
        A token lets a program act for its user: set MLFLOW_TRACKING_TOKEN or QUIRE_TRACKING_TOKEN to it. It may be
        limited, and never widens what the user may do.
      </p>
      {tokens.isPending && <Loading />}
      {tokens.isError && <Failure error={tokens.error} again={() => void tokens.refetch()} />}
      {tokens.data &&
        (tokens.data.tokens.length > 0 ? (
          <TokenTable tokens={tokens.data.tokens} used={tokens.data.used_today ?? {}} revoke={setRevoked} />
        ) : (
          <Empty title={`${username} has no tokens`} command={`quire tokens create ${username} --name 'nightly job'`}>
            Make one here, or by the command on the machine of the server&apos;s database.
          </Empty>
        ))}
      {username === me.username && me.has_password && <OwnPassword me={me} />}
      <NewToken key={username} username={username} open={making} close={() => setMaking(false)} />
      <ReasonDialog
        title={`Revoke the token ${revoked?.name || (revoked?.token_id ?? "")}`}
        act="Revoke"
        danger
        open={revoked !== undefined}
        close={() => setRevoked(undefined)}
        run={async (reason) => {
          if (revoked) await revoke(revoked, reason);
        }}
      >
        <p>Programs that show it are refused within a second. This cannot be taken back.</p>
      </ReasonDialog>
    </>
  );
}

function Whose({ me, username, choose }: { me: Me; username: string; choose: (user: string | undefined) => void }) {
  const { data } = useUsers();
  const names = data?.users.map((user) => user.username) ?? [];
  return (
    <label className="row">
      Tokens of
      <Select
        value={username}
        onChange={(event) => choose(event.target.value === me.username ? undefined : event.target.value)}
      >
        {[...new Set([username, ...names])].sort().map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
    </label>
  );
}
