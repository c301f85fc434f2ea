/** What the settings' address says, and changing it. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";

import type { SettingsSearch } from "./search";

const route = getRouteApi("/shell/settings");

type Changes = { [K in keyof SettingsSearch]?: SettingsSearch[K] | undefined };

export function useSettings() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  /** Change some of the address; what becomes undefined has its default. */
  const change = useCallback(
    (changes: Changes) =>
      void navigate({
        search: (before) => {
          const after = { ...before, ...changes };
          const kept = Object.entries(after).filter(([, value]) => value !== undefined && value !== "");
          return Object.fromEntries(kept);
        },
      }),
    [navigate],
  );
  return { search, change };
}
