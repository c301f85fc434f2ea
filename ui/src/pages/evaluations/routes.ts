import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { evaluationSearch, evaluationsSearch } from "./search";

export const evaluationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/evaluations",
  validateSearch: evaluationsSearch,
  component: lazyRouteComponent(() => import("./EvaluationsPage"), "EvaluationsPage"),
});

export const evaluationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/evaluations/$runId",
  validateSearch: evaluationSearch,
  component: lazyRouteComponent(() => import("./EvaluationPage"), "EvaluationPage"),
});
