import { useId } from "react";

type Props = {
  log: boolean;
  smooth: number;
  change: (next: { log?: boolean | undefined; smooth?: number | undefined }) => void;
};

/** How the lines of charts are drawn: on a logarithmic scale, smoothed. */
export function ChartControls({ log, smooth, change }: Props) {
  const id = useId();
  return (
    <div className="row">
      <label className="row">
        <input type="checkbox" checked={log} onChange={(event) => change({ log: event.target.checked || undefined })} />
        Logarithmic
      </label>
      <span className="row">
        <label htmlFor={id}>Smoothing</label>
        <input
          id={id}
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={smooth}
          onChange={(event) => change({ smooth: Number(event.target.value) || undefined })}
        />
        <output htmlFor={id} className="mono">
          {smooth.toFixed(2)}
        </output>
      </span>
    </div>
  );
}
