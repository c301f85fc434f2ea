import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { useColours } from "~/shared/charts/colours";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { count } from "~/shared/quantities";
import { Tabs } from "~/shared/Tabs";
import { Time } from "~/shared/Time";

import { type Line, linesOf, pictureOf, type Shown } from "./historyPicture";
import css from "./parts.module.css";
import { type Report, trialHistory } from "./queries";
import { Region } from "~/shared/Region";
import { Select } from "~/shared/Select";
import { Section } from "./Section";
import { figure, interval, signed } from "./words";

type Props = {
  told: Report;
  metric: string;
  show: Shown;
  choose: (chosen: { metric: string; show: Shown }) => void;
};

const VIEWS = [
  { value: "difference", label: "Difference from the control" },
  { value: "arms", label: "Mean of each arm" },
] as const;

/** One metric since the trial began: what was known at each moment, with the interval that held then. */
export function TrialHistory({ told, metric, show, choose }: Props) {
  const found = useQuery(trialHistory(told.report.trial.trial_id, metric));
  return (
    <Section
      title="Over time"
      actions={
        <label className="row small">
          Metric
          <Select value={metric} onChange={(event) => choose({ metric: event.target.value, show })}>
            {Object.keys(told.report.metrics).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </label>
      }
    >
      <Tabs label="What is drawn" tabs={VIEWS} value={show} choose={(shown) => choose({ metric, show: shown })} />
      {found.isPending && <Loading what="the history" />}
      {found.isError && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.data && <Drawn told={told} metric={metric} show={show} lines={linesOf(found.data, show)} />}
    </Section>
  );
}

function Drawn({ told, metric, show, lines }: { told: Report; metric: string; show: Shown; lines: Line[] }) {
  const colours = useColours();
  const option = useMemo(() => {
    const places = new Map(told.arms.map((arm, place) => [arm.name, place]));
    return pictureOf(lines, metric, show, places, colours);
  }, [told.arms, lines, metric, show, colours]);
  if (lines.length === 0) return <p className="muted">Nothing has been counted of {metric} yet.</p>;
  const what = show === "arms" ? `Mean ${metric} of each arm` : `Difference in ${metric} from the control`;
  const last = lines.map(({ name, points }) => said(name, points.at(-1), metric, show)).join("; ");
  return (
    <>
      <Chart label={`${what} over time, with intervals that hold at every look. Now: ${last}.`} option={option} />
      <p className="small muted">
        The band holds the true value at every look with the confidence of the trial
        {show === "difference" && ": once it leaves the line of no difference, the difference is shown"}.
      </p>
      <details>
        <summary>The numbers</summary>
        <Numbers lines={lines} metric={metric} show={show} />
      </details>
    </>
  );
}

function said(name: string, point: Line["points"][number] | undefined, metric: string, show: Shown): string {
  if (point === undefined) return name;
  const value = show === "arms" ? figure(point.value, metric) : signed(point.value, metric);
  return `${name} ${value}, ${interval(point.low, point.high, metric, show === "difference")}, ${count(point.n)} units`;
}

function Numbers({ lines, metric, show }: { lines: Line[]; metric: string; show: Shown }) {
  const rows = lines.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  rows.sort((one, other) => other.at - one.at);
  return (
    <Region label="The numbers of the picture, scrollable" tall>
      <table>
        <thead>
          <tr>
            <th scope="col">Until</th>
            <th scope="col">Arm</th>
            <th scope="col" className="number">
              Units
            </th>
            <th scope="col" className="number">
              {show === "arms" ? "Mean" : "Difference"}
            </th>
            <th scope="col" className="number">
              Interval
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.name} ${row.at}`}>
              <td>
                <Time ms={row.at} />
              </td>
              <td className={css.name}>
                <bdi>{row.name}</bdi>
              </td>
              <td className="number">{count(row.n)}</td>
              <td className="number">{show === "arms" ? figure(row.value, metric) : signed(row.value, metric)}</td>
              <td className="number">{interval(row.low, row.high, metric, show === "difference")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Region>
  );
}
