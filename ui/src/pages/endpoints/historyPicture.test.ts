import { expect, test } from "vitest";

import type { Colours } from "~/shared/charts/colours";

import { colourOf, linesOf, pictureOf } from "./historyPicture";
import type { History } from "./queries";

const colours: Colours = {
  text: "t",
  text2: "t2",
  line: "l",
  ground: "g",
  good: "good",
  bad: "bad",
  series: ["1", "2", "3", "4", "5", "6", "7", "8"],
  font: "f",
};
const history: History = {
  metric: "thumb",
  at: 3,
  moments: [
    { at: 1, differences: [{ name: "b", n: 1, value: 0.5, low: "-Infinity", high: "Infinity" }] },
    { at: 2, differences: [{ name: "b", n: 9, value: 0.2, low: -0.1, high: 0.4 }] },
  ],
};

test("what is not known yet leaves a gap", () => {
  const [line] = linesOf(history, "difference");
  expect(line?.points.map(({ low, high }) => [low, high])).toEqual([
    [Number.NaN, Number.NaN],
    [-0.1, 0.4],
  ]);
  expect(linesOf(history, "arms")).toEqual([]);
});

test("a band lies between the ends, and no difference has a line", () => {
  const lines = linesOf(history, "difference");
  const { series } = pictureOf(lines, "thumb", "difference", new Map([["b", 1]]), colours);
  const [low, width, middle] = series as { data: unknown; markLine?: object }[];
  expect(low?.data).toEqual([
    [1, null],
    [2, -0.1],
  ]);
  expect(width?.data).toEqual([
    [1, null],
    [2, 0.5],
  ]);
  expect(middle?.markLine).toBeDefined();
});

test("the control is grey and challengers have the series' colours", () => {
  expect([0, 1, 2, 7].map((place) => colourOf(place, colours))).toEqual(["7", "1", "2", "7"]);
});
