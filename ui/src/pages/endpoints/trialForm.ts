/** The form that starts a trial: what is typed, and what is asked of the server. */
import type { paths } from "~/api/schema";
import type { Schemas } from "~/api/types";

/** What is asked of the server. */
export type StartTrial = paths["/api/quire/v1/trials/start"]["post"]["requestBody"]["content"]["application/json"];

export type Challenger = { name: string; model: string; percent: string };

export type TrialForm = {
  name: string;
  control: string;
  controlModel: string;
  challengers: Challenger[];
  metric: string;
  low: string;
  high: string;
  higherIsBetter: boolean;
  /** Metrics that servers measure, looked at too. */
  measured: string[];
  failures: string;
  latency: string;
  cost: string;
  confidence: string;
  leastUnits: string;
  mostUnits: string;
  mostDays: string;
  promotes: boolean;
  allocation: "fixed" | "thompson" | "track-and-stop";
  holdout: string;
  ramp: string;
  namespace: string;
};

export const MEASURED = ["latency_s", "first_token_s", "cost_usd", "output_tokens"] as const;

/** What the form says before anything is typed, of an endpoint that serves this model. */
export function emptyForm(model: string): TrialForm {
  return {
    name: "",
    control: "champion",
    controlModel: model,
    challengers: [{ name: "challenger", model: "", percent: "50" }],
    metric: "thumb",
    low: "0",
    high: "1",
    higherIsBetter: true,
    measured: ["latency_s", "cost_usd"],
    failures: "5",
    latency: "",
    cost: "",
    confidence: "95",
    leastUnits: "100",
    mostUnits: "",
    mostDays: "30",
    promotes: false,
    allocation: "fixed",
    holdout: "",
    ramp: "",
    namespace: "",
  };
}

const isMeasured = (metric: string) => metric === "failed" || MEASURED.some((one) => one === metric);
const share = (percent: string) => Number(percent) / 100;

/** The share that is left for the control. */
export function controlPercent(form: TrialForm): number {
  return 100 - form.challengers.reduce((sum, one) => sum + Number(one.percent), 0);
}

/** What keeps the form from being sent, that the server could not say better; undefined if nothing does. */
export function mistakeOf(form: TrialForm): string | undefined {
  const left = controlPercent(form);
  if (!(left > 0)) return `The challengers have ${100 - left} % of the keys; something must be left for the control.`;
  if (readRamp(form.ramp) === undefined) return "A ramp is written such as 0s 10%, 1h 50%, 1d 100%.";
  return undefined;
}

const RAMP = /^(\d+(?:\.\d+)?)\s*([smhd])\s+(\d+(?:\.\d+)?)\s*%$/;
const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The steps of a ramp written as `0s 10%, 1h 50%`; undefined if it is written otherwise. */
export function readRamp(text: string): Schemas["RampStep"][] | undefined {
  if (!text.trim()) return [];
  const steps = text.split(",").map((step) => RAMP.exec(step.trim()));
  if (steps.includes(null)) return undefined;
  return steps.flatMap((found) =>
    found ? [{ after_s: Number(found[1]) * (SECONDS[found[2] ?? "s"] ?? 1), share: share(found[3] ?? "0") }] : [],
  );
}

/** The request that the form makes. */
export function requestOf(form: TrialForm, endpoint: string, reason: string): StartTrial {
  const own: Schemas["TrialMetric"] = isMeasured(form.metric)
    ? { name: form.metric, higher_is_better: false, ...(form.metric === "failed" && { low: 0, high: 1 }) }
    : {
        name: form.metric,
        higher_is_better: form.higherIsBetter,
        ...(form.low !== "" && { low: Number(form.low) }),
        ...(form.high !== "" && { high: Number(form.high) }),
      };
  const others = form.measured.filter((name) => name !== form.metric);
  const ratios = Object.entries({ latency_s: form.latency, cost_usd: form.cost }).filter(([, percent]) => percent);
  return {
    subject: `endpoint:${endpoint}`,
    reason,
    name: form.name.trim(),
    arms: [
      { name: form.control.trim(), model: form.controlModel.trim(), weight: controlPercent(form) / 100 },
      ...form.challengers.map((one) => ({
        name: one.name.trim(),
        model: one.model.trim(),
        weight: share(one.percent),
      })),
    ],
    metrics: [own, ...others.map((name) => ({ name, higher_is_better: false }))],
    stopping: {
      metric: form.metric,
      confidence: share(form.confidence),
      least_units: Number(form.leastUnits),
      on_win: form.promotes ? "promote" : "report",
      ...(form.mostUnits && { most_units: Number(form.mostUnits) }),
      ...(form.mostDays && { most_days: Number(form.mostDays) }),
    },
    guardrails: [
      ...(form.failures ? [{ metric: "failed", margin: share(form.failures) }] : []),
      ...ratios.map(([metric, percent]) => ({ metric, margin: 1 + share(percent), kind: "ratio" as const })),
    ],
    allocation: { kind: form.allocation },
    holdout: share(form.holdout || "0"),
    ramp: readRamp(form.ramp) ?? [],
    ...(form.namespace.trim() && { namespace: form.namespace.trim() }),
  };
}
