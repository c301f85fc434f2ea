import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";
import { Region } from "~/shared/Region";
import { Badge } from "~/shared/Badge";
import { Cut } from "~/shared/Cut";
import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { Time } from "~/shared/Time";

import css from "./Models.module.css";
import { promotionsQuery } from "./queries";

type Promotion = Schemas["Promotion"];

/** The record of a model's aliases: who moved which where, why, and on what evidence. */
export function Promotions({ name }: { name: string }) {
  const found = useQuery(promotionsQuery(name));
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="promotions" />;
  const promotions = found.data.promotions ?? [];
  if (promotions.length === 0) {
    return (
      <Empty
        title="No promotion is recorded"
        command={`quire promote models:/${encodeURIComponent(name)}/VERSION --evidence RUN --scorer SCORER`}
      >
        A promotion points an alias at the version that evidence shows to be better, and keeps that evidence.
      </Empty>
    );
  }
  return (
    <Region label="Promotions">
      <table className="wide">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Alias</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">How</th>
            <th scope="col">By</th>
            <th scope="col">Reason</th>
            <th scope="col">Evidence</th>
          </tr>
        </thead>
        <tbody>
          {promotions.map((promotion, index) => (
            <Row key={index} promotion={promotion} />
          ))}
        </tbody>
      </table>
    </Region>
  );
}

function Row({ promotion }: { promotion: Promotion }) {
  return (
    <tr>
      <td>
        <Time ms={promotion.at} />
      </td>
      <td>@{promotion.alias}</td>
      <td>{promotion.old ?? "–"}</td>
      <td>{promotion.new ?? "–"}</td>
      <td>
        <How promotion={promotion} />
      </td>
      <td>
        <Cut text={promotion.by || "–"} />
      </td>
      <td dir="auto">{promotion.reason || "–"}</td>
      <td>
        <Evidence promotion={promotion} />
      </td>
    </tr>
  );
}

function How({ promotion }: { promotion: Promotion }) {
  if (promotion.kind === "rollback") return <Badge tone="warn">rolled back</Badge>;
  if (promotion.forced) return <Badge title="Without evidence, or against it">moved by hand</Badge>;
  return <Badge tone="good">promoted</Badge>;
}

const TRIALS = "trials:/";

function Evidence({ promotion }: { promotion: Promotion }) {
  const evidence = promotion.evidence ?? [];
  const checks = promotion.checks ?? [];
  if (evidence.length + checks.length === 0) return <>–</>;
  return (
    <div className="stack">
      {evidence.map((one) =>
        one.startsWith(TRIALS) ? (
          <Link key={one} to="/trials/$trialId" params={{ trialId: one.slice(TRIALS.length) }}>
            Trial {one.slice(TRIALS.length, TRIALS.length + 12)}
          </Link>
        ) : (
          <Link key={one} to="/evaluations/$runId" params={{ runId: one }}>
            Evaluation {one.slice(0, 8)}
          </Link>
        ),
      )}
      {checks.map((check, index) => (
        <span key={index} className={check.passed ? "small" : `small ${css.failed}`}>
          {check.passed ? "✓" : "✗"} {check.name}: {check.said}
        </span>
      ))}
    </div>
  );
}
