import { Link } from "@tanstack/react-router";

import { Cut } from "~/shared/Cut";

import { Fact } from "./Fact";
import type { Facts } from "./facts";

/** What a trace belongs to: run, model, endpoint, session, user, prompts. */
export function Belongs({ facts }: { facts: Facts }) {
  return (
    <>
      {facts.run !== undefined && (
        <Fact name="Run">
          <Link to="/runs/$runId" params={{ runId: facts.run }}>
            <Cut text={facts.run} mono />
          </Link>
        </Fact>
      )}
      {facts.version !== undefined && (
        <Fact name="Model version">
          <Link to="/models/$name/versions/$version" params={facts.version}>
            <Cut text={`${facts.version.name} ${facts.version.version}`} />
          </Link>
        </Fact>
      )}
      {facts.version === undefined && facts.modelId !== undefined && (
        <Fact name="Packaged model">
          <Cut text={facts.modelId} mono />
        </Fact>
      )}
      {facts.endpoint !== undefined && (
        <Fact name="Endpoint">
          <Link to="/endpoints/$name" params={{ name: facts.endpoint }}>
            <Cut text={facts.endpoint} />
          </Link>
        </Fact>
      )}
      {facts.trial !== undefined && (
        <Fact name="Trial, arm">
          <Link to="/trials/$trialId" params={{ trialId: facts.trial }}>
            <Cut text={facts.arm ?? facts.trial} />
          </Link>
        </Fact>
      )}
      {facts.session !== undefined && (
        <Fact name="Session">
          <Link to="/traces" search={{ experiments: [facts.experiment], session: facts.session, ascending: true }}>
            <Cut text={facts.session} />
          </Link>
        </Fact>
      )}
      {facts.user !== undefined && (
        <Fact name="User">
          <Link to="/traces" search={{ experiments: [facts.experiment], user: facts.user }}>
            <Cut text={facts.user} />
          </Link>
        </Fact>
      )}
      {facts.prompts.map(({ name, version }) => (
        <Fact key={`${name}/${version}`} name="Prompt">
          <Link to="/prompts/$name" params={{ name }}>
            <Cut text={`${name} ${version}`} />
          </Link>
        </Fact>
      ))}
    </>
  );
}
