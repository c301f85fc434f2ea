import { expect, test } from "vitest";

import { readEndpointSearch } from "./search";

test("what is usual is not in the address, and what means nothing is passed over", () => {
  expect(readEndpointSearch({ range: "7d", by: "arm" })).toEqual({ range: "7d", by: "arm" });
  expect(readEndpointSearch({ range: "24h", by: "version" })).toEqual({});
  expect(readEndpointSearch({ range: "a year", by: 3 })).toEqual({});
});
