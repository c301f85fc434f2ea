import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { given, oneOf, textIn } from "~/shared/search";
import { rootRoute } from "~/shell/root";

const WHY = ["begun", "denied", "token", "name", "taken", "away"] as const;
export type Refused = (typeof WHY)[number];

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  // `next`: the path to go to afterwards, with the server's prefix; the start unless given. `refused`: why the identity
  // provider's answer let nobody in.
  validateSearch: (search: Record<string, unknown>): { next?: string; refused?: Refused } =>
    given({ next: textIn(search["next"]), refused: oneOf(search["refused"], WHY) }),
  component: lazyRouteComponent(() => import("./SignInPage"), "SignInPage"),
});
