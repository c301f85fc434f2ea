import { useMemo } from "react";

import { Chart } from "~/shared/charts/Chart";
import { cost, shortCount } from "~/shared/quantities";

import { barsOf, groupName, type Usage } from "./costs";
import type { UsageBy } from "./search";

type Props = { by: UsageBy; rows: readonly Usage[]; names: ReadonlyMap<string, string> };

/** Bars of what each group cost, or of its tokens where no cost is known. */
export function CostChart({ by, rows, names }: Props) {
  const { measure, keys, values } = useMemo(() => barsOf(by, rows), [by, rows]);
  const option = useMemo(() => {
    const written = (value: number) => (measure === "cost" ? cost(value) : shortCount(value));
    const labels = keys.map((key) => groupName(by, key, names));
    return {
      grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
      xAxis: { type: "category", data: labels, axisLabel: { width: 120, overflow: "truncate", hideOverlap: true } },
      yAxis: {
        type: "value",
        name: measure === "cost" ? "US dollars" : "tokens",
        axisLabel: { formatter: written },
      },
      tooltip: { trigger: "axis", valueFormatter: (value: unknown) => written(Number(value)) },
      series: [{ type: "bar", data: values, barMaxWidth: 48 }],
    };
  }, [by, measure, keys, values, names]);
  const what = measure === "cost" ? "Cost" : "Tokens";
  return <Chart label={`${what} by ${by.replace("_", " ")}; the table below has the numbers.`} option={option} />;
}
