import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { reviewSearch, reviewsSearch } from "./search";

export const reviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/review",
  validateSearch: reviewsSearch,
  component: lazyRouteComponent(() => import("./ReviewPage"), "ReviewPage"),
});

export const reviewQueueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/review/$queueId",
  validateSearch: reviewSearch,
  component: lazyRouteComponent(() => import("./ReviewQueuePage"), "ReviewQueuePage"),
});
