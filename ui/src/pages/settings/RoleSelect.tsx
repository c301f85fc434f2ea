import { Select } from "~/shared/Select";

import css from "./settings.module.css";
import { WORKSPACE_ROLES, type WorkspaceRole } from "./useUsers";

/** A choice of the role in the workspace. */
export function RoleSelect({ role, choose }: { role: WorkspaceRole; choose: (role: WorkspaceRole) => void }) {
  return (
    <label className={css.field}>
      Role in the workspace
      <Select
        value={role}
        onChange={(event) => {
          const chosen = WORKSPACE_ROLES.find(({ value }) => value === event.target.value);
          if (chosen) choose(chosen.value);
        }}
      >
        {WORKSPACE_ROLES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
    </label>
  );
}
