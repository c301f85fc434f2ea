import { beforeAll, expect, test, vi } from "vitest";

import type { Me } from "./me";

let may: (typeof import("./me"))["may"];
let permit: (typeof import("./me"))["permit"];
let permitInWorkspace: (typeof import("./me"))["permitInWorkspace"];

beforeAll(async () => {
  vi.stubGlobal("document", { baseURI: "http://localhost/" });
  ({ may, permit, permitInWorkspace } = await import("./me"));
});

const grace: Me = {
  auth: true,
  username: "grace",
  administers: false,
  creates: true,
  role: "reader",
  roles: [
    { kind: "experiment", key: "1", role: "admin" },
    { kind: "experiment", key: "2", role: "none" },
  ],
  method: "session",
  has_password: true,
};

test("a role on a thing counts there in place of the usual one, also when it is less", () => {
  expect(may(grace, "editor", "experiment", "1")).toBe(true);
  expect(may(grace, "reader", "experiment", "2")).toBe(false);
  expect(may(grace, "reader", "experiment", "3")).toBe(true);
  expect(may(grace, "editor", "registered_model", "1")).toBe(false);
});

test("an admin of the server may do everything, and nobody anything before that is known", () => {
  expect(may({ ...grace, administers: true }, "admin", "experiment", "2")).toBe(true);
  expect(may(undefined, "reader", "experiment", "1")).toBe(false);
});

test("what is known to be refused has its reason, and what is not known yet has none", () => {
  const refused = { allowed: false, why: "This needs the role editor on joker. Ask an admin for it." };
  expect(permit(grace, "editor", "registered_model", "joker")).toEqual(refused);
  expect(permit(undefined, "editor", "registered_model", "joker")).toEqual({ allowed: false, why: undefined });
  expect(permitInWorkspace(grace, "reader")).toEqual({ allowed: true, why: undefined });
  expect(permitInWorkspace(grace, "editor").why).toContain("in the workspace");
});
