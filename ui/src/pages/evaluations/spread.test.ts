import { expect, test } from "vitest";

import { spreadOption } from "./spread";

test("each variant has bars of its own over the same bins", () => {
  const option = spreadOption({ labels: ["no", "yes"], counts: { old: [3, 1], new: [1, 3] } });
  expect(option["series"]).toMatchObject([
    { name: "old", data: [3, 1] },
    { name: "new", data: [1, 3] },
  ]);
  expect(option["legend"]).toBeDefined();
});

test("one series alone needs no legend", () => {
  expect(spreadOption({ labels: ["0"], counts: { difference: [4] } })["legend"]).toBeUndefined();
});
