import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "~/shell/root";

import { modelSearch, modelsSearch, modelVersionSearch } from "./search";

export const modelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models",
  validateSearch: modelsSearch,
  component: lazyRouteComponent(() => import("./ModelsPage"), "ModelsPage"),
});

export const modelRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models/$name",
  validateSearch: modelSearch,
  component: lazyRouteComponent(() => import("./ModelPage"), "ModelPage"),
});

export const modelVersionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/models/$name/versions/$version",
  validateSearch: modelVersionSearch,
  component: lazyRouteComponent(() => import("./ModelVersionPage"), "ModelVersionPage"),
});
