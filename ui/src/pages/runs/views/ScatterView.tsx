import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { count, number } from "~/shared/quantities";
import { Select } from "~/shared/Select";

import { titleOf } from "../columns";
import { type Change, type Keys, type RunsSearch } from "../search";
import { axisOf, placeOn, type Axis, type Table } from "./table";

type Props = {
  table: Table;
  search: RunsSearch;
  change: (next: Change, replace?: boolean) => void;
  keys: Keys | undefined;
};

/** Runs as points over any two metrics or params. */
export function ScatterView({ table, search, change, keys }: Props) {
  const navigate = useNavigate();
  const every = [
    ...(keys?.metrics ?? []).map((key) => `metrics.${key}`),
    ...(keys?.params ?? []).map((key) => `params.${key}`),
  ];
  const x = search.x ?? every[0] ?? "";
  const y = search.y ?? every[1] ?? every[0] ?? "";
  const [across, up] = useMemo(() => [axisOf(table, x), axisOf(table, y)], [table, x, y]);
  const points = useMemo(() => (across && up ? pointsOf(table, across, up) : []), [table, across, up]);
  const option = useMemo(
    () => ({
      grid: { left: 8, right: 24, top: 24, bottom: 32, containLabel: true },
      xAxis: { ...kindOf(across), name: titleOf(x), nameLocation: "middle", nameGap: 28 },
      yAxis: { ...kindOf(up), name: titleOf(y) },
      tooltip: {
        trigger: "item",
        confine: true,
        formatter: ({ data }: { data: Point }) =>
          `${data.name}\n${titleOf(x)} ${data.said[0]}\n${titleOf(y)} ${data.said[1]}`,
      },
      series: [{ type: "scatter", symbolSize: 9, itemStyle: { opacity: 0.7 }, data: points }],
    }),
    [points, across, up, x, y],
  );
  const click = useCallback(
    ({ data }: { data?: unknown }) => {
      const id = (data as Point | undefined)?.id;
      if (id) void navigate({ to: "/runs/$runId", params: { runId: id } });
    },
    [navigate],
  );
  const choice = (label: string, value: string, choose: (value: string) => void) => (
    <label className="row">
      {label}
      <Select value={value} onChange={(event) => choose(event.target.value)}>
        {every.map((column) => (
          <option key={column}>{column}</option>
        ))}
      </Select>
    </label>
  );
  return (
    <>
      <div className="row">
        {choice("Across", x, (next) => change({ x: next }))}
        {choice("Up", y, (next) => change({ y: next }))}
      </div>
      {points.length === 0 ? (
        <p className="muted">No run that is shown has both, as numbers or words of few kinds.</p>
      ) : (
        <Chart
          label={`${count(points.length)} runs: ${titleOf(y)} over ${titleOf(x)}`}
          option={option}
          height={420}
          click={click}
        />
      )}
      <p className="small muted">{count(points.length)} runs have both. A click on a point opens its run.</p>
    </>
  );
}

type Point = { id: string; name: string; value: [number, number]; said: [string, string] };

function kindOf(axis: Axis | undefined) {
  return axis?.words ? { type: "category", data: axis.words } : { type: "value", scale: true };
}

function pointsOf(table: Table, across: Axis, up: Axis): Point[] {
  return table.rows.flatMap((row) => {
    const [x, y] = [placeOn(across, row), placeOn(up, row)];
    if (x === undefined || y === undefined) return [];
    const said = (axis: Axis, value: number) => axis.words?.[value] ?? number(value);
    return [{ id: row.run_id, name: row.run_name, value: [x, y], said: [said(across, x), said(up, y)] }];
  });
}
