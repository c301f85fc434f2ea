import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "react";

import { Loading } from "../Loading";

import css from "./Chart.module.css";
import { themeOf, useColours } from "./colours";

type Props = {
  /** What the picture shows, in a sentence, for people who do not see it. Give the numbers beside it as a table too. */
  label: string;
  option: EChartsCoreOption;
  /** Height in px. */
  height?: number;
  /** Told what was clicked: ECharts' event. */
  click?: (event: { seriesIndex?: number; dataIndex?: number; data?: unknown; name?: string }) => void;
};

/** A picture by ECharts. `option` must be memoised; colours of text and lines come from the scheme. */
export function Chart({ label, option, height = 280, click }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType>();
  const colours = useColours();
  useEffect(() => {
    let made: EChartsType | undefined;
    let gone = false;
    void import("./echarts").then(({ echarts }) => {
      if (gone || !place.current) return;
      made = echarts.init(place.current);
      setChart(made);
    });
    return () => {
      gone = true;
      made?.dispose();
      setChart(undefined);
    };
  }, []);
  useEffect(() => {
    if (!chart || !place.current) return undefined;
    const watcher = new ResizeObserver(() => chart.resize());
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, [chart]);
  useEffect(() => {
    chart?.setTheme(themeOf(colours));
    chart?.setOption(
      {
        animation: false,
        color: colours.series,
        backgroundColor: "transparent",
        textStyle: { color: colours.text, fontFamily: colours.font },
        ...option,
        // Drawn on the canvas: text of a model in a tooltip is never HTML.
        tooltip: {
          backgroundColor: colours.ground,
          borderColor: colours.line,
          textStyle: { color: colours.text },
          ...(option["tooltip"] as object | undefined),
          renderMode: "richText",
        },
      },
      { notMerge: true },
    );
  }, [chart, option, colours]);
  useEffect(() => {
    if (!chart || !click) return undefined;
    const clicked = (event: unknown) => click(event as Parameters<typeof click>[0]);
    chart.on("click", clicked);
    return () => {
      chart.off("click", clicked);
    };
  }, [chart, click]);
  return (
    <div className={css.chart} style={{ height }}>
      {!chart && <Loading placed />}
      <div ref={place} role="img" aria-label={label} className={css.place} />
    </div>
  );
}
