import { Link } from "@tanstack/react-router";

import { useExperiments } from "~/shared/experiments";
import { Badge, StatusBadge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { cost, count, duration } from "~/shared/quantities";
import { Time } from "~/shared/Time";

import { Belongs } from "./Belongs";
import { Fact } from "./Fact";
import type { Facts } from "./facts";
import css from "./RollUp.module.css";
import type { Outline } from "./useTrace";

/** The trace as a whole: how it went, how long, what it used, and what it belongs to. */
export function RollUp({ facts, trace }: { facts: Facts; trace: Outline }) {
  const name = useExperiments().data?.find((item) => item.experiment_id === facts.experiment)?.name;
  const models = [...new Set(trace.spans.map((span) => span.model).filter((model) => model !== undefined))];
  const estimated = trace.spans.some((span) => span.estimated);
  const open = trace.spans.filter((span) => span.durationMs === undefined).length;
  const failed = trace.spans.filter((span) => span.status === "ERROR").length;
  return (
    <dl className={css.facts}>
      <Fact name="Status">
        <StatusBadge status={facts.state} />
        {failed > 0 && ` ${count(failed)} ${failed === 1 ? "span" : "spans"} failed`}
      </Fact>
      <Fact name="Began">
        <Time ms={facts.startMs} />
      </Fact>
      <Fact name="Took">{facts.durationMs === undefined ? "not ended" : duration(facts.durationMs)}</Fact>
      <Fact name="Tokens">
        {facts.tokens === undefined
          ? "–"
          : `${count(facts.tokens)} (${count(facts.inputTokens)} in, ${count(facts.outputTokens)} out)`}
        {estimated && <Estimate />}
      </Fact>
      <Fact name="Cost">
        {cost(facts.cost)}
        {estimated && facts.cost !== undefined && <Estimate />}
      </Fact>
      <Fact name="Spans">
        {count(trace.spans.length)}
        {open > 0 && `, ${count(open)} not ended`}
        {!trace.complete && " (others have not come yet)"}
      </Fact>
      {models.length > 0 && (
        <Fact name="Model">
          <Cut text={models.join(", ")} />
        </Fact>
      )}
      <Fact name="Experiment" late>
        <Link to="/traces" search={{ experiments: [facts.experiment] }}>
          <Cut text={name ?? facts.experiment} />
        </Link>
      </Fact>
      <Belongs facts={facts} />
    </dl>
  );
}

/** Says that numbers were reckoned by Quire and not told by the service. */
export function Estimate() {
  return (
    <Badge tone="warn" title="The service did not count: tokens were counted with the model's tokenizer">
      estimate
    </Badge>
  );
}
