import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import type { Schemas } from "~/api/types";

import { Badge } from "../Badge";
import { Chart } from "../charts/Chart";
import { useColours } from "../charts/colours";
import { count } from "../quantities";
import { plain } from "../text/plain";

import { placed } from "./layout";
import css from "./LineageView.module.css";
import { linkTo, NodeLink } from "./NodeLink";

type Lineage = Schemas["Lineage"];

const KINDS = ["prompt", "model", "run", "model_version", "evaluation", "endpoint"] as const;
const WORDS: Record<string, string> = {
  prompt: "Prompts",
  model: "Logged models",
  run: "Runs",
  model_version: "Model versions",
  evaluation: "Evaluations",
  endpoint: "Endpoints",
};
const LONGEST = 24;
/** Of a column, in px at least. */
const WIDTH = 150;

/** What came of what: as a picture whose nodes lead there, and as a list of links. */
export function LineageView({ lineage }: { lineage: Lineage }) {
  const { text, text2, ground, series } = useColours();
  const navigate = useNavigate();
  const { places, columns, rows, height } = useMemo(() => placed(lineage.nodes), [lineage.nodes]);
  const option = useMemo(() => {
    const at = new Map(places.map((place) => [place.id, place]));
    const root = lineage.nodes[0]?.id;
    return {
      tooltip: {
        formatter: ({ name, dataType }: { name: string; dataType: string }) => (dataType === "node" ? name : ""),
      },
      grid: { top: 40, bottom: 30, left: 10, right: 10 },
      xAxis: { type: "value", min: -0.5, max: columns - 0.5, show: false },
      yAxis: { type: "value", min: -0.5, max: rows - 0.5, inverse: true, show: false },
      legend: {
        top: 6,
        data: [...new Set(lineage.nodes.map(({ kind }) => WORDS[kind] ?? kind))],
        textStyle: { color: text },
      },
      series: [
        {
          type: "graph",
          coordinateSystem: "cartesian2d",
          categories: KINDS.map((kind, index) => ({ name: WORDS[kind], itemStyle: { color: series[index] } })),
          data: lineage.nodes.map((node) => ({
            id: node.id,
            name: plain(node.title),
            value: [at.get(node.id)?.x ?? 0, at.get(node.id)?.y ?? 0],
            category: KINDS.indexOf(node.kind),
            symbolSize: node.id === root ? 22 : 14,
            label: {
              show: true,
              position: "bottom",
              color: text,
              backgroundColor: ground,
              formatter: short(plain(node.title)),
            },
          })),
          links: lineage.edges.map(({ source, target }) => ({ source, target })),
          edgeSymbol: ["none", "arrow"],
          edgeSymbolSize: 7,
          lineStyle: { color: text2, width: 1.2, curveness: 0.08 },
        },
      ],
    };
  }, [lineage, places, columns, rows, text, text2, ground, series]);
  const click = useCallback(
    ({ data }: { data?: unknown }) => {
      const id = (data as { id?: unknown } | undefined)?.id;
      const node = lineage.nodes.find((one) => one.id === id);
      const target = node && linkTo(node);
      if (target) void navigate(target);
    },
    [lineage.nodes, navigate],
  );
  const label = `Lineage of ${lineage.nodes[0]?.title ?? ""}: ${lineage.nodes.length - 1} things belong to it. The list below has them.`;
  return (
    <div className="stack">
      {/* A region that scrolls must be reached by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.picture} tabIndex={0} role="region" aria-label="Picture of the lineage">
        <div style={{ minWidth: columns * WIDTH }}>
          <Chart label={label} option={option} height={height} click={click} />
        </div>
      </div>
      {!lineage.complete && <p className="muted">There is more than is shown here: the newest of each kind.</p>}
      {(lineage.traces ?? 0) > 0 && <p>{count(lineage.traces)} traces of requests used it.</p>}
      <div className={css.lists}>
        {KINDS.map((kind) => (
          <List key={kind} title={WORDS[kind] ?? kind} nodes={lineage.nodes.filter((node) => node.kind === kind)} />
        ))}
      </div>
    </div>
  );
}

function List({ title, nodes }: { title: string; nodes: Lineage["nodes"] }) {
  if (nodes.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className={css.list}>
        {nodes.map((node) => (
          <li key={node.id}>
            <NodeLink node={node} />{" "}
            {(node.aliases ?? []).map((alias) => (
              <Badge key={alias} tone="accent">
                @{alias}
              </Badge>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
