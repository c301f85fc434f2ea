import { beforeAll, expect, test, vi } from "vitest";

let cutter: () => (text: string) => string[];

beforeAll(async () => {
  vi.stubGlobal("document", { baseURI: "http://localhost/" });
  ({ cutter } = await import("./events"));
});

test("events are whole however the stream is cut", () => {
  const cut = cutter();
  expect(cut('data: {"a"')).toEqual([]);
  expect(cut(":1}\n")).toEqual([]);
  expect(cut('\ndata: 2\n\n: waiting\n\ndata: "')).toEqual(['{"a":1}', "2"]);
  expect(cut('x"\n\n')).toEqual(['"x"']);
});
