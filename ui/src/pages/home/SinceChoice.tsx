import { useNavigate } from "@tanstack/react-router";

import { Tabs } from "~/shared/Tabs";

import { type HomeSearch, type Span, toLocal } from "./search";

const SPANS: readonly { value: Span | "since"; label: string }[] = [
  { value: "day", label: "24 hours" },
  { value: "week", label: "7 days" },
  { value: "month", label: "30 days" },
];

/** From when on changes are told: a span until now, or a time. */
export function SinceChoice({ search, since, until }: { search: HomeSearch; since: number; until: number }) {
  const navigate = useNavigate();
  const go = (next: HomeSearch) => void navigate({ to: "/", search: next });
  return (
    <div className="row">
      <Tabs
        label="Changes of the last"
        tabs={SPANS}
        value={search.since === undefined ? (search.span ?? "day") : "since"}
        choose={(span) => go(span === "day" || span === "since" ? {} : { span })}
      />
      <label className="row small">
        since
        <input
          type="datetime-local"
          value={toLocal(since)}
          max={toLocal(until)}
          onChange={(event) => {
            const at = new Date(event.target.value).getTime();
            if (at > 0 && at < Date.now()) go({ since: at });
          }}
        />
      </label>
    </div>
  );
}
