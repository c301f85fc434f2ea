import { useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { count } from "~/shared/quantities";

import { titleOf } from "../columns";
import { axisOf, placeOn, type Table } from "./table";

const LABEL = 14;

/** Runs as lines over parallel axes: the columns of the table that are numbers or few words. */
export function ParallelView({ table }: { table: Table }) {
  const axes = useMemo(() => table.columns.flatMap((column) => axisOf(table, column) ?? []), [table]);
  const option = useMemo(
    () => ({
      parallel: { left: 50, right: 70, top: 40, bottom: 20 },
      parallelAxis: axes.map((axis, dim) => ({
        dim,
        name: shortened(titleOf(axis.column)),
        ...(axis.words ? { type: "category", data: axis.words.map(shortened) } : { type: "value", scale: true }),
      })),
      series: [
        {
          type: "parallel",
          lineStyle: { width: 1.5, opacity: table.rows.length > 100 ? 0.25 : 0.6 },
          data: table.rows.map((row) => axes.map((axis) => placeOn(axis, row) ?? "-")),
        },
      ],
    }),
    [axes, table.rows],
  );
  if (axes.length < 2) {
    return <p className="muted">Choose two columns or more that are numbers, or words of few kinds.</p>;
  }
  const names = axes.map((axis) => titleOf(axis.column)).join(", ");
  return (
    <>
      <Chart label={`${count(table.rows.length)} runs over ${names}`} option={option} height={420} />
      <p className="small muted">
        Axes: {names}. Drag along an axis to keep the lines that go through a part of it. The numbers are in the table.
      </p>
    </>
  );
}

function shortened(text: string): string {
  return text.length > LABEL ? `${text.slice(0, LABEL)}…` : text;
}
