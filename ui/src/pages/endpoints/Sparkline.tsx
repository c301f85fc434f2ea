import css from "./Sparkline.module.css";
import { sparkPath } from "./trafficPicture";

const [WIDTH, HEIGHT] = [90, 24];

/** Numbers over time, very small; `label` says them in words. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  return (
    <svg className={css.spark} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img">
      <title>{label}</title>
      <path d={sparkPath(values, WIDTH, HEIGHT)} />
    </svg>
  );
}
