import css from "./parts.module.css";

/** An arm's name beside the colour that it has in pictures; `place` is its place among the arms, 0 the control. */
export function ArmName({ name, place }: { name: string; place: number }) {
  return (
    <span>
      <span className={css.key} data-series={place % 7} aria-hidden />
      <bdi>{name}</bdi>
    </span>
  );
}
