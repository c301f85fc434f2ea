import { createRoute, lazyRouteComponent, type SearchSchemaInput, stripSearchParams } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { readSearch, type Search } from "./search";

export const playgroundRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/playground",
  validateSearch: (search: Partial<Search> & SearchSchemaInput) => readSearch(search),
  search: { middlewares: [stripSearchParams(readSearch({}))] },
  component: lazyRouteComponent(() => import("./PlaygroundPage"), "PlaygroundPage"),
});
