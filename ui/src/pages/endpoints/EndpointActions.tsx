import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { useToast } from "~/shared/Toasts";

import { EndpointDialog } from "./EndpointDialog";
import type { Overview } from "./queries";
import { StartTrialDialog } from "./StartTrialDialog";

type Act = "start" | "roll back" | "change" | "delete";

/** What can be done about an endpoint; each asks for a reason, which the record keeps. */
export function EndpointActions({ overview }: { overview: Overview }) {
  const [open, setOpen] = useState<Act>();
  const { endpoint, trials = [] } = overview;
  const close = () => setOpen(undefined);
  const isTried = trials.some(({ shadow, namespace }) => !shadow && namespace == null);
  return (
    <>
      <Button
        look="primary"
        disabled={isTried}
        title={isTried ? "A trial is under way" : undefined}
        onClick={() => setOpen("start")}
      >
        Start a trial …
      </Button>
      {overview.previous != null && (
        <Button onClick={() => setOpen("roll back")}>Roll back to version {overview.previous} …</Button>
      )}
      <Button onClick={() => setOpen("change")}>Change …</Button>
      <Button look="danger" onClick={() => setOpen("delete")}>
        Delete …
      </Button>
      {open === "start" && <StartTrialDialog overview={overview} close={close} />}
      {open === "roll back" && <RollBack overview={overview} close={close} />}
      {open === "change" && <EndpointDialog endpoint={endpoint} close={close} />}
      {open === "delete" && <Delete name={endpoint.name} close={close} />}
    </>
  );
}

function RollBack({ overview, close }: { overview: Overview; close: () => void }) {
  const queries = useQueryClient();
  const say = useToast();
  const { endpoint, version, previous, trials = [] } = overview;
  return (
    <ReasonDialog
      title={`Roll back to version ${previous ?? ""}`}
      act="Roll back"
      danger
      open
      close={close}
      run={async (reason) => {
        const moved = await api.POST("/api/quire/v1/endpoints/{name}/rollback", {
          params: { path: { name: endpoint.name } },
          body: { reason, expected: version ?? null },
        });
        await queries.invalidateQueries({ queryKey: ["endpoints"] });
        void queries.invalidateQueries({ queryKey: ["models"] });
        say(`${endpoint.model} is at version ${moved.new ?? "none"}`);
      }}
    >
      <p>
        <code>{endpoint.model}</code> moves from version {version} back to version {previous}, for everybody who follows
        that alias, within seconds.
      </p>
      {trials.length > 0 && (
        <p role="alert">A trial is under way on this endpoint; its control stays what it was compared with.</p>
      )}
    </ReasonDialog>
  );
}

function Delete({ name, close }: { name: string; close: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (
    <ReasonDialog
      title={`Delete the endpoint ${name}`}
      act="Delete"
      danger
      open
      close={close}
      run={async (reason) => {
        await api.DELETE("/api/quire/v1/endpoints/{name}", { params: { path: { name } }, body: { reason } });
        await navigate({ to: "/endpoints" });
        void queries.invalidateQueries({ queryKey: ["endpoints"] });
      }}
    >
      <p>Servers answer it no more, within seconds. Its trials and traces stay.</p>
    </ReasonDialog>
  );
}
