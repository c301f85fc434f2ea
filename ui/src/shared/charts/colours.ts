/** The colours and the font of the interface as a canvas needs them, which knows no variables. */
import { useSyncExternalStore } from "react";

export type Colours = {
  text: string;
  text2: string;
  line: string;
  ground: string;
  good: string;
  bad: string;
  series: string[];
  font: string;
};

function resolved(names: string[]): string[] {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

function read(): Colours {
  const [text = "", text2 = "", line = "", ground = "", good = "", bad = "", ...series] = resolved([
    "text",
    "text-2",
    "line",
    "ground",
    "good",
    "bad",
    ...Array.from({ length: 8 }, (_, index) => `series-${index + 1}`),
  ]);
  return { text, text2, line, ground, good, bad, series, font: getComputedStyle(document.body).fontFamily };
}

let now: Colours | undefined;

function subscribe(told: () => void): () => void {
  const changed = () => {
    now = undefined;
    told();
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  window.addEventListener("quire-theme", changed);
  return () => {
    system.removeEventListener("change", changed);
    window.removeEventListener("quire-theme", changed);
  };
}

/** The colours, anew when the scheme changes. */
export function useColours(): Colours {
  return useSyncExternalStore(subscribe, () => (now ??= read()));
}

/** Axes and legends in these colours, unless a chart says otherwise: ECharts' own are for light grounds. */
export function themeOf({ text, text2, line }: Colours): object {
  const axis = {
    axisLabel: { color: text2 },
    axisLine: { lineStyle: { color: text2 } },
    axisTick: { lineStyle: { color: text2 } },
    nameTextStyle: { color: text2 },
    splitLine: { lineStyle: { color: line } },
  };
  return {
    categoryAxis: axis,
    valueAxis: axis,
    logAxis: axis,
    timeAxis: axis,
    parallel: { parallelAxisDefault: axis },
    legend: { textStyle: { color: text } },
  };
}
