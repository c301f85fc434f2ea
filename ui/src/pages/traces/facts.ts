/** What is said of a trace, read from the texts that MLflow's protocol keeps it in. */
import type { Schemas } from "~/api/types";

export type TraceInfo = Schemas["TraceInfo"];

export type Facts = {
  id: string;
  name: string;
  experiment: string;
  /** When it began, in ms since the epoch. */
  startMs: number;
  /** How long it took; undefined while it runs. */
  durationMs: number | undefined;
  state: string;
  tokens: number | undefined;
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  /** US dollars. */
  cost: number | undefined;
  session: string | undefined;
  user: string | undefined;
  run: string | undefined;
  /** What served it: an endpoint, an arm of a trial, a registered model's version. */
  endpoint: string | undefined;
  trial: string | undefined;
  arm: string | undefined;
  version: { name: string; version: string } | undefined;
  /** The id of a logged model. */
  modelId: string | undefined;
  prompts: { name: string; version: string }[];
};

/** The facts of a trace; what its texts do not say, or say wrongly, is undefined. */
export function factsOf(info: TraceInfo): Facts {
  const metadata = info.trace_metadata ?? {};
  const usage = object(metadata["mlflow.trace.tokenUsage"]);
  return {
    id: info.trace_id,
    name: info.tags?.["mlflow.traceName"] ?? "",
    experiment: info.trace_location?.mlflow_experiment?.experiment_id ?? "",
    startMs: Date.parse(info.request_time ?? ""),
    durationMs: info.execution_duration ? 1000 * Number.parseFloat(info.execution_duration) : undefined,
    state: info.state ?? "STATE_UNSPECIFIED",
    tokens: number(usage["total_tokens"]),
    inputTokens: number(usage["input_tokens"]),
    outputTokens: number(usage["output_tokens"]),
    cost: number(object(metadata["mlflow.trace.cost"])["total_cost"]),
    session: metadata["mlflow.trace.session"],
    user: metadata["mlflow.trace.user"],
    run: metadata["mlflow.sourceRun"],
    endpoint: metadata["quire.endpoint"],
    trial: metadata["quire.trial"],
    arm: metadata["quire.arm"],
    version: versionOf(metadata["quire.model_version"]),
    modelId: metadata["mlflow.modelId"],
    prompts: promptsOf(info.tags?.["mlflow.linkedPrompts"]),
  };
}

function versionOf(text: string | undefined): Facts["version"] {
  const at = text?.lastIndexOf("/") ?? -1;
  return text === undefined || at < 1 ? undefined : { name: text.slice(0, at), version: text.slice(at + 1) };
}

function promptsOf(text: string | undefined): { name: string; version: string }[] {
  const given = parsed(text);
  if (!Array.isArray(given)) return [];
  return given.flatMap((item: unknown) => {
    const said = (item ?? {}) as { name?: unknown; version?: unknown };
    return typeof said.name === "string" ? [{ name: said.name, version: String(said.version) }] : [];
  });
}

function object(text: string | undefined): Record<string, unknown> {
  const value = parsed(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
