import { Code } from "~/shared/Code";

import type { Tab } from "./search";

const MISSING: Partial<Record<Tab, string>> = {
  tokens: "Tokens let programs in, each with its own limits.",
  users: "Users have roles: on everything, or on single experiments, models and endpoints.",
  audit: "The audit log says who changed what, and why.",
};

/** What there would be with auth, and how to turn it on. */
export function AuthIsOff({ tab }: { tab: Tab }) {
  return (
    <section className="card stack">
      <h2>This server asks nobody who they are</h2>
      <p>
        {MISSING[tab]} For that the server has to ask who is there. It listens on this machine only until it does. Make
        the first admin, and start it anew:
      </p>
      <Code text={"quire users create ada --admin\nquire server --auth"} what="commands" />
      <p className="muted">
        Both use the database of this server; name it with --tracking-uri and --backend-store-uri.
      </p>
    </section>
  );
}
