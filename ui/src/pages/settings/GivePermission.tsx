import { useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { useExperiments } from "~/shared/experiments";
import { ReasonDialog } from "~/shared/ReasonDialog";
import { Select } from "~/shared/Select";

import css from "./settings.module.css";
import { PERMISSIONS, permissionWord } from "./useUsers";

const KINDS = [
  { value: "experiment", label: "experiment" },
  { value: "registered_model", label: "model or prompt" },
  { value: "endpoint", label: "endpoint" },
] as const;

/** Gives a user a role on one thing, in place of the one that they may have there. */
export function GivePermission({ username }: { username: string }) {
  const [kind, setKind] = useState<string>("experiment");
  const [key, setKey] = useState("");
  const [permission, setPermission] = useState("EDIT");
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const give = async (reason: string) => {
    const body = { username, resource_type: kind, resource_id: key, permission, reason };
    await api.POST("/api/3.0/mlflow/users/permissions/grant", { body });
    setKey("");
    await queries.invalidateQueries({ queryKey: ["settings"] });
  };
  const ask = (event: SyntheticEvent) => {
    event.preventDefault();
    setAsking(true);
  };
  return (
    <>
      <form className={css.filters} onSubmit={ask}>
        <label className={css.field}>
          On
          <Select
            value={kind}
            onChange={(event) => {
              setKind(event.target.value);
              setKey("");
            }}
          >
            {KINDS.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </label>
        <Which kind={kind} name={key} choose={setKey} />
        <label className={css.field}>
          Role
          <Select value={permission} onChange={(event) => setPermission(event.target.value)}>
            {PERMISSIONS.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </label>
        <Button type="submit">Give the role</Button>
      </form>
      <ReasonDialog
        title={`Give ${username} the role ${permissionWord(permission)} on ${key}`}
        act="Give"
        open={asking}
        close={() => setAsking(false)}
        run={give}
      />
    </>
  );
}

/** Which experiment, model or endpoint. */
function Which({ kind, name, choose }: { kind: string; name: string; choose: (key: string) => void }) {
  const experiments = useExperiments().data ?? [];
  if (kind !== "experiment") {
    return (
      <label className={css.field}>
        Name
        <input required value={name} onChange={(event) => choose(event.target.value)} />
      </label>
    );
  }
  return (
    <label className={css.field}>
      Experiment
      <Select required value={name} onChange={(event) => choose(event.target.value)}>
        <option value="">choose …</option>
        {experiments.map((item) => (
          <option key={item.experiment_id} value={item.experiment_id}>
            {item.name}
          </option>
        ))}
      </Select>
    </label>
  );
}
