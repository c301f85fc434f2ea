import type { Schemas } from "~/api/types";
import { count } from "~/shared/quantities";

type Props = { loaded: number; more: boolean; counted: Schemas["TraceSeries"] | undefined };

/** How many traces are found: all of them, once they are counted or all loaded; until then at least how many. */
export function Total({ loaded, more, counted }: Props) {
  const total = counted?.points.reduce((sum, point) => sum + point.count, 0);
  if (!more) {
    return (
      <span role="status">
        {count(loaded)} {loaded === 1 ? "trace" : "traces"}
      </span>
    );
  }
  if (total === undefined || total < loaded) return <span role="status">more than {count(loaded)} traces</span>;
  return <span role="status">{count(total)} traces</span>;
}
