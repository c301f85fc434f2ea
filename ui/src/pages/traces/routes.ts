import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { parseTracesSearch } from "./search";
import { parseTraceSearch } from "./traceSearch";

export const tracesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/traces",
  validateSearch: parseTracesSearch,
  component: lazyRouteComponent(() => import("./TracesPage"), "TracesPage"),
});

export const traceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/traces/$traceId",
  validateSearch: parseTraceSearch,
  component: lazyRouteComponent(() => import("./TracePage"), "TracePage"),
});
