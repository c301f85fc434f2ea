import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { toNumber } from "~/api/types";
import { Chart } from "~/shared/charts/Chart";
import { useColours } from "~/shared/charts/colours";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { cost, count, duration, percent, shortCount } from "~/shared/quantities";
import { Select } from "~/shared/Select";

import css from "./parts.module.css";
import { endpointTraffic, type Traffic, type TrafficBy } from "./queries";
import { type Range, RANGES } from "./search";
import { Section } from "./Section";
import { type Measure, trafficOption } from "./trafficPicture";
import { TrafficTable } from "./TrafficTable";

type Props = {
  name: string;
  range: Range;
  by: TrafficBy;
  choose: (chosen: { range: Range; by: TrafficBy }) => void;
};

const PICTURES: { measure: Measure; title: string; write: (value: number) => string }[] = [
  { measure: "requests", title: "Requests", write: shortCount },
  { measure: "errors", title: "Failed", write: shortCount },
  { measure: "p95", title: "Latency, 95th percentile", write: duration },
  { measure: "cost", title: "Cost", write: cost },
];

/** Who a line of traffic is of: a version, an arm; of what answered without being one, a word. */
const named = (key: string) => key || "not a registered version";

/** Requests, failures, latency and cost over time, from the traces that servers keep. */
export function TrafficPictures({ name, range, by, choose }: Props) {
  const { ms, parts } = RANGES[range];
  const found = useQuery(endpointTraffic(name, ms, parts, by));
  return (
    <Section
      title="Traffic"
      actions={
        <>
          <label className="row small">
            Last
            <Select value={range} onChange={(event) => choose({ range: event.target.value as Range, by })}>
              {Object.entries(RANGES).map(([value, { label }]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          </label>
          <label className="row small">
            By
            <Select
              value={by}
              onChange={(event) => choose({ range, by: event.target.value === "arm" ? "arm" : "version" })}
            >
              <option value="version">model version</option>
              <option value="arm">arm</option>
            </Select>
          </label>
        </>
      }
    >
      {found.isPending && <Loading what="the traffic" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data && <Drawn traffic={found.data} />}
    </Section>
  );
}

function Drawn({ traffic }: { traffic: Traffic }) {
  if (!traffic.traffic?.length) {
    return (
      <Empty title="No request was traced in this time" command="quire serve">
        Traffic is told by the traces of servers that answer for this endpoint.
      </Empty>
    );
  }
  const sampled = toNumber(traffic.sampled);
  return (
    <>
      {sampled < 1 && (
        <p className="small muted">
          {percent(sampled, 0)} of requests are traced, and all that fail: the numbers are of those.
        </p>
      )}
      {traffic.cut && <p className="small muted">There is more: these are the newest 200,000 requests.</p>}
      <div className={css.pictures}>
        {PICTURES.map((picture) => (
          <Picture key={picture.measure} traffic={traffic} {...picture} />
        ))}
      </div>
      <TrafficTable traffic={traffic} named={named} />
      {traffic.experiment_id && (
        <p className="small">
          <Link to="/traces" search={{ experiments: [traffic.experiment_id] } as never}>
            Look at the traces
          </Link>
        </p>
      )}
    </>
  );
}

function Picture({ traffic, measure, title, write }: { traffic: Traffic } & (typeof PICTURES)[number]) {
  const colours = useColours();
  const option = useMemo(
    () => trafficOption(traffic, measure, write, named, colours),
    [traffic, measure, write, colours],
  );
  const requests = (traffic.traffic ?? []).reduce((sum, part) => sum + part.requests, 0);
  return (
    <figure className={css.picture}>
      <figcaption className="small">{title}</figcaption>
      <Chart
        label={`${title} over time, of ${count(requests)} requests; numbers are below`}
        option={option}
        height={150}
      />
    </figure>
  );
}
