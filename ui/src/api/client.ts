/** The server's calls, typed by its OpenAPI document: a field that changes there breaks the build here. */
import createClient from "openapi-fetch";

import type { paths } from "./schema";

/** Where this server is, with the slash at its end: one build serves under any prefix. */
export const base = new URL(document.baseURI);

/** A refusal or a failure of the server, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const signedOut = new Set<() => void>();

/** Be told when the server asks for a sign-in; gives what ends that. */
export function onSignedOut(tell: () => void): () => void {
  signedOut.add(tell);
  return () => signedOut.delete(tell);
}

function failure(status: number, body: unknown): ApiError {
  const said = (body ?? {}) as { error_code?: string; message?: string };
  if (status === 401) for (const tell of signedOut) tell();
  return new ApiError(status, said.error_code ?? "INTERNAL_ERROR", said.message ?? `The server answered ${status}.`);
}

const client = createClient<paths>({ baseUrl: base.pathname.replace(/\/$/, "") });

type Outcome<T> = { data?: T; error?: unknown; response: Response };

async function settled<T>(asked: Promise<Outcome<T>>): Promise<NonNullable<T>> {
  let outcome: Outcome<T>;
  try {
    outcome = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server cannot be reached. Is it still running?");
  }
  const { data, error, response } = outcome;
  if (error !== undefined || !response.ok) throw failure(response.status, error);
  return (data ?? {}) as NonNullable<T>;
}

type Lower = { GET: "get"; POST: "post"; PUT: "put"; PATCH: "patch"; DELETE: "delete" };
type PathsOf<M extends keyof Lower> = {
  [P in keyof paths]: paths[P] extends Record<Lower[M], object> ? P : never;
}[keyof paths];
type Operation<M extends keyof Lower, P extends keyof paths> = paths[P] extends Record<Lower[M], infer O> ? O : never;
type Answer<O> = O extends { responses: infer R }
  ? R[keyof R & (200 | 201)] extends { content: { "application/json": infer A } }
    ? A
    : unknown
  : never;
type Parameters_<O> = O extends { parameters: infer P } ? P : object;
type Asked<O> = {
  params?: Omit<Parameters_<O>, "header" | "cookie">;
  signal?: AbortSignal;
} & (O extends { requestBody: { content: { "application/json": infer B } } }
  ? { body: B }
  : O extends { requestBody?: { content: { "application/json": infer B } } }
    ? { body?: B }
    : object);
type Settled<M extends keyof Lower> = <P extends PathsOf<M>>(
  path: P,
  asked?: Asked<Operation<M, P>>,
) => Promise<Answer<Operation<M, P>>>;

const calls = client as unknown as Record<keyof Lower, (path: string, asked?: object) => Promise<Outcome<unknown>>>;

function call<M extends keyof Lower>(method: M): Settled<M> {
  return ((path: string, asked?: object) => settled(calls[method](path, asked))) as Settled<M>;
}

/** The calls: `api.GET("/api/…", { params: { query } })`. Each gives the answer, or throws an ApiError. */
export const api = {
  GET: call("GET"),
  POST: call("POST"),
  PUT: call("PUT"),
  PATCH: call("PATCH"),
  DELETE: call("DELETE"),
};

/** The address of a call that is opened or downloaded, not fetched. */
export function address(path: string, query: Record<string, string> = {}): string {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.toString();
}

/** A call that the OpenAPI document has no answer of: a stream, or text. Throws an ApiError when refused. */
export async function fetched(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server cannot be reached. Is it still running?");
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => undefined);
  throw failure(response.status, body);
}
