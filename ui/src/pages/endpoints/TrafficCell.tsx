import { useQuery } from "@tanstack/react-query";

import { count, percent } from "~/shared/quantities";

import css from "./parts.module.css";
import { endpointTraffic } from "./queries";
import { Sparkline } from "./Sparkline";
import { requestsOf, totalsOf } from "./trafficPicture";

/** The requests of a day as a small line, with their number and how many failed. */
export function TrafficCell({ name }: { name: string }) {
  const { data } = useQuery(endpointTraffic(name, 86_400_000, 48, "version"));
  if (data === undefined) return null;
  const totals = totalsOf(data);
  const requests = totals.reduce((sum, one) => sum + one.requests, 0);
  const errors = totals.reduce((sum, one) => sum + one.errors, 0);
  if (requests === 0) return <span className="muted">none</span>;
  const failed = errors > 0 ? `, ${percent(errors / requests)} failed` : "";
  return (
    <span className={css.inline}>
      <Sparkline values={requestsOf(data)} label={`${count(requests)} requests${failed}, in the last day`} />
      <span title={`${count(requests)}${failed} (${count(errors)})`}>
        {count(requests)}
        {failed}
      </span>
    </span>
  );
}
