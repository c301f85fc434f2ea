import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { readEndpointSearch } from "./search";

export const endpointsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/endpoints",
  component: lazyRouteComponent(() => import("./EndpointsPage"), "EndpointsPage"),
});

export const endpointRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/endpoints/$name",
  validateSearch: readEndpointSearch,
  component: lazyRouteComponent(() => import("./EndpointPage"), "EndpointPage"),
});

export type TrialSearch = {
  /** The metric whose figures are drawn; the one that decides if none is named. */
  metric?: string;
  /** What is drawn: the challengers' differences from the control (the default), or each arm's mean. */
  show?: "arms";
};

export const trialRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/trials/$trialId",
  validateSearch: (search: Record<string, unknown>): TrialSearch => ({
    ...(typeof search["metric"] === "string" && search["metric"] && { metric: search["metric"] }),
    ...(search["show"] === "arms" && { show: "arms" as const }),
  }),
  component: lazyRouteComponent(() => import("./TrialPage"), "TrialPage"),
});
