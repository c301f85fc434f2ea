import { toNumber } from "~/api/types";

import { drawn } from "./interval";
import css from "./IntervalPicture.module.css";
import type { Difference } from "./queries";

const WIDTH = 160;
const HEIGHT = 20;

/** A difference as a point, its interval as a line, and where no difference would be. The numbers stand beside it. */
export function IntervalPicture({ of }: { of: Difference }) {
  const places = drawn(toNumber(of.low), toNumber(of.high), toNumber(of.difference));
  if (!places) return null;
  const middle = HEIGHT / 2;
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`The difference ${of.difference_shown} with its interval ${of.interval_shown}`}
      className={css.picture}
      data-verdict={of.verdict}
    >
      <line x1={places.zero * WIDTH} x2={places.zero * WIDTH} y1={0} y2={HEIGHT} className={css.zero} />
      <line x1={places.low * WIDTH} x2={places.high * WIDTH} y1={middle} y2={middle} className={css.interval} />
      <circle cx={places.point * WIDTH} cy={middle} r={4.5} className={css.point} />
    </svg>
  );
}
