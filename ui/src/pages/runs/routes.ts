import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { compareSearch } from "./compare/search";
import { runSearch } from "./run/search";
import { runsSearch } from "./search";

export const runsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import("./RunsPage"), "RunsPage"),
});

export const runRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/runs/$runId",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("./RunPage"), "RunPage"),
});

export const compareRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("./ComparePage"), "ComparePage"),
});
