import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { Badge } from "~/shared/Badge";
import { Code } from "~/shared/Code";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { ParamTable } from "~/shared/ParamTable";
import { Conversation } from "~/shared/text/Conversation";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";
import { doubleBraced } from "~/shared/text/variables";

import { versionQuery, type WholeVersion } from "./queries";

/** What a version says: its template, and all that belongs to it. */
export function VersionView({ name, version }: { name: string; version: number }) {
  const found = useQuery({ ...versionQuery(name, version), placeholderData: keepPreviousData });
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="the version" />;
  return <Whole said={found.data.version} />;
}

function Whole({ said }: { said: WholeVersion }) {
  return (
    <div className="stack">
      <h2>Version {said.summary.version}</h2>
      <Code text={`prompt = quire.load_prompt("${said.uri}")`} what="line that loads it" />
      <Template said={said} />
      {said.parts.length > 0 && <Parts parts={said.parts} />}
      {said.model_config_json && (
        <section className="stack">
          <h3>Model configuration</h3>
          <Json value={said.model_config_json} />
        </section>
      )}
      {said.response_format_json && (
        <section className="stack">
          <h3>Response format</h3>
          <Json value={said.response_format_json} />
        </section>
      )}
      {said.policy && (
        <section className="stack">
          <h3>Parameter policy</h3>
          <ParamTable params={said.params} />
        </section>
      )}
    </div>
  );
}

function Template({ said }: { said: WholeVersion }) {
  const mark = useMemo(() => doubleBraced(said.variables), [said.variables]);
  return (
    <section className="stack" aria-label="Template">
      <p className="row small">
        {said.variables.length > 0 ? "Variables:" : <span className="muted">The template has no variables.</span>}
        {said.variables.map((variable) => (
          <Badge key={variable} tone="accent" title={variable}>
            {variable}
          </Badge>
        ))}
      </p>
      {said.messages ? (
        <Conversation messages={said.messages} mark={mark} />
      ) : (
        <div className="card">
          <LongText text={said.text ?? ""} mark={mark} copies />
        </div>
      )}
    </section>
  );
}

function Parts({ parts }: { parts: WholeVersion["parts"] }) {
  return (
    <section className="stack">
      <h3>Includes</h3>
      <ul>
        {parts.map((part) => (
          <li key={part.reference}>
            <Link to="/prompts/$name" params={{ name: part.name }} search={{ version: part.version }}>
              {part.name} version {part.version}
            </Link>{" "}
            <span className="muted small mono">{part.reference}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
