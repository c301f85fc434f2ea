import { createRootRoute, createRoute, Outlet } from "@tanstack/react-router";

import { Shell } from "./Shell";

/** The root of all addresses. */
export const rootRoute = createRootRoute({ component: Outlet });

/** What has the navigation beside it: everything but the sign-in. */
export const shellRoute = createRoute({ getParentRoute: () => rootRoute, id: "shell", component: Shell });
