import { base } from "~/api/client";

import css from "./Downloads.module.css";

type Props = {
  label: string;
  /** Either these traces, or those of experiments that match a filter. */
  traceIds?: readonly string[];
  experiments?: readonly string[];
  filter?: string;
};

const FORMATS = [
  { format: "otlp", label: "OTLP JSON", title: "Requests of OpenTelemetry's protocol, one line a trace" },
  { format: "mlflow", label: "MLflow JSON", title: "What `quire traces export` writes, one line a trace" },
  {
    format: "recording",
    label: "Recording",
    title: "The calls of models in them: `quire simulate --recording FILE` answers from it",
  },
] as const;

/** Files to download: what the traces hold, in the forms that others read. */
export function Downloads({ label, traceIds = [], experiments = [], filter = "" }: Props) {
  return (
    <details className={css.menu}>
      <summary>{label}</summary>
      <ul className={css.list}>
        {FORMATS.map((item) => (
          <li key={item.format}>
            <a href={addressOf(item.format, traceIds, experiments, filter)} download title={item.title}>
              {item.label}
            </a>
            <span className="small muted"> {item.title}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function addressOf(
  format: string,
  traceIds: readonly string[],
  experiments: readonly string[],
  filter: string,
): string {
  const url = new URL("api/quire/v1/traces/export", base);
  url.searchParams.set("format", format);
  for (const id of traceIds) url.searchParams.append("trace_ids", id);
  for (const id of traceIds.length > 0 ? [] : experiments) url.searchParams.append("experiment_ids", id);
  if (filter && traceIds.length === 0) url.searchParams.set("filter", filter);
  return url.toString();
}
