import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { type Me, meQuery } from "~/shared/me";
import { Page } from "~/shared/Page";
import { Tabs } from "~/shared/Tabs";

import { AuditTab } from "./AuditTab";
import { AuthIsOff } from "./AuthIsOff";
import { CostsTab } from "./CostsTab";
import { RetentionTab } from "./RetentionTab";
import type { Tab } from "./search";
import { TokensTab } from "./TokensTab";
import { UsersTab } from "./UsersTab";
import { useSettings } from "./useSettings";

const LABELS: { value: Tab; label: string }[] = [
  { value: "tokens", label: "Tokens" },
  { value: "users", label: "Users and roles" },
  { value: "audit", label: "Audit log" },
  { value: "retention", label: "Retention" },
  { value: "costs", label: "Costs" },
];

/** Who may do what, what was done, what is kept, what it cost. */
export function SettingsPage() {
  const { search, change } = useSettings();
  const tab = search.tab ?? "tokens";
  const me = useQuery(meQuery);
  return (
    <Page title="Settings">
      <Tabs
        label="Parts of the settings"
        tabs={LABELS}
        value={tab}
        // The parameters of the others are not this one's.
        choose={(chosen) =>
          change({
            tab: chosen,
            user: undefined,
            who: undefined,
            action: undefined,
            entity: undefined,
            page: undefined,
            days: undefined,
            experiments: undefined,
            by: undefined,
            older: undefined,
            keep: undefined,
          })
        }
      />
      {me.isPending && <Loading />}
      {me.isError && <Failure error={me.error} again={() => void me.refetch()} />}
      {me.data && <Content tab={tab} me={me.data} />}
    </Page>
  );
}

function Content({ tab, me }: { tab: Tab; me: Me }): ReactNode {
  if (tab === "retention") return <RetentionTab />;
  if (tab === "costs") return <CostsTab />;
  if (!me.auth) return <AuthIsOff tab={tab} />;
  if (tab === "tokens") return <TokensTab me={me} />;
  if (!me.administers) {
    return (
      <p>
        Only an admin of the server sees this. You are signed in as <strong>{me.username}</strong>.
      </p>
    );
  }
  return tab === "users" ? <UsersTab me={me} /> : <AuditTab />;
}
