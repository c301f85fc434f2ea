import { kappaWords, place } from "./kappa";
import css from "./KappaPicture.module.css";
import type { KappaOf } from "./queries";

const WIDTH = 220;
const HEIGHT = 34;
const LINE = 10;
const EDGE = 6;

/** Kappa as a point and its interval as a line, on the scale from −1 over chance (0) to full agreement (1). */
export function KappaPicture({ of }: { of: KappaOf }) {
  const [low, high, point] = [place(of.low), place(of.high), place(of.kappa)];
  if (low === undefined || high === undefined || point === undefined) return null;
  const at = (share: number) => EDGE + share * (WIDTH - 2 * EDGE);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`Kappa ${kappaWords(of.kappa, of.low, of.high)}, on a scale from −1 to 1`}
      className={css.picture}
    >
      <line x1={at(0)} x2={at(1)} y1={LINE} y2={LINE} className={css.scale} />
      <line x1={at(0.5)} x2={at(0.5)} y1={0} y2={2 * LINE} className={css.chance} />
      <line x1={at(low)} x2={at(high)} y1={LINE} y2={LINE} className={css.interval} />
      <circle cx={at(point)} cy={LINE} r={4.5} className={css.point} />
      <text x={at(0)} y={HEIGHT - 2} className={css.word}>
        −1
      </text>
      <text x={at(0.5)} y={HEIGHT - 2} textAnchor="middle" className={css.word}>
        chance
      </text>
      <text x={at(1)} y={HEIGHT - 2} textAnchor="end" className={css.word}>
        1
      </text>
    </svg>
  );
}
