import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { promptSearch, promptsSearch } from "./search";

export const promptsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/prompts",
  validateSearch: promptsSearch,
  component: lazyRouteComponent(() => import("./PromptsPage"), "PromptsPage"),
});

export const promptRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/prompts/$name",
  validateSearch: promptSearch,
  component: lazyRouteComponent(() => import("./PromptPage"), "PromptPage"),
});
