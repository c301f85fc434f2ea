import { beforeAll, expect, test, vi } from "vitest";

let addressOf: (hash: string) => string | undefined;

beforeAll(async () => {
  vi.stubGlobal("document", { baseURI: "http://localhost/" });
  ({ addressOf } = await import("./olderAddresses"));
});

test("a run's address of MLflow is a run's here", () => {
  expect(addressOf("/experiments/1/runs/0123abcd")).toBe("runs/0123abcd");
  expect(addressOf("/experiments/1/runs/0123abcd/artifacts")).toBe("runs/0123abcd");
});

test("experiments, models and prompts are found", () => {
  expect(addressOf("/experiments/7")).toBe("runs?experiments=%5B%227%22%5D");
  expect(addressOf("/models/tutor/versions/3")).toBe("models/tutor/versions/3");
  expect(addressOf("/prompts/solver")).toBe("prompts/solver");
});

test("what is no address of MLflow is left alone", () => {
  expect(addressOf("")).toBeUndefined();
  expect(addressOf("section")).toBeUndefined();
});
