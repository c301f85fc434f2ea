import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";

import { base, onSignedOut } from "~/api/client";
import { follow } from "~/api/live";
import { ShortcutHelp } from "~/shared/ShortcutHelp";
import { useShortcuts } from "~/shared/shortcuts";

import { Navigation, PLACES } from "./Navigation";
import css from "./Shell.module.css";

/** The navigation and the page beside it. */
export function Shell() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [live, setLive] = useState(true);
  useEffect(() => follow(queries, setLive), [queries]);
  useEffect(
    () =>
      onSignedOut(() => {
        // Told once by each call that was refused.
        if (location.pathname === `${base.pathname}sign-in`) return;
        const next = location.pathname + location.search + location.hash;
        void navigate({ to: "/sign-in", search: { next } });
      }),
    [navigate],
  );
  useShortcuts(
    useMemo(
      () =>
        PLACES.map(({ to, label, key }) => ({
          keys: `g ${key}`,
          does: `Go to ${label}`,
          run: () => void navigate({ to }),
        })),
      [navigate],
    ),
    "Everywhere",
  );
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <Navigation live={live} />
      <main id="main" tabIndex={-1} className={css.main}>
        <Outlet />
      </main>
      <ShortcutHelp />
    </div>
  );
}
