/** Every address of the interface. A page is loaded when it is first opened. */
import { createRouter } from "@tanstack/react-router";

import { base } from "./api/client";
import { endpointRoute, endpointsRoute, trialRoute } from "./pages/endpoints/routes";
import { evaluationRoute, evaluationsRoute } from "./pages/evaluations/routes";
import { homeRoute } from "./pages/home/routes";
import { modelRoute, modelsRoute, modelVersionRoute } from "./pages/models/routes";
import { playgroundRoute } from "./pages/playground/routes";
import { promptRoute, promptsRoute } from "./pages/prompts/routes";
import { reviewQueueRoute, reviewRoute } from "./pages/review/routes";
import { compareRoute, runRoute, runsRoute } from "./pages/runs/routes";
import { settingsRoute } from "./pages/settings/routes";
import { signInRoute } from "./pages/sign-in/routes";
import { traceRoute, tracesRoute } from "./pages/traces/routes";
import { Failure } from "./shared/Failure";
import { Loading } from "./shared/Loading";
import { NotFound } from "./shell/NotFound";
import { rootRoute, shellRoute } from "./shell/root";

const tree = rootRoute.addChildren([
  signInRoute,
  shellRoute.addChildren([
    homeRoute,
    runsRoute,
    runRoute,
    compareRoute,
    promptsRoute,
    promptRoute,
    playgroundRoute,
    evaluationsRoute,
    evaluationRoute,
    tracesRoute,
    traceRoute,
    reviewRoute,
    reviewQueueRoute,
    endpointsRoute,
    endpointRoute,
    trialRoute,
    modelsRoute,
    modelRoute,
    modelVersionRoute,
    settingsRoute,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: base.pathname.replace(/\/$/, "") || "/",
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error }) => <Failure error={error} />,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
