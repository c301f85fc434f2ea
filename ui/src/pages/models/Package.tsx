import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { Schemas } from "~/api/types";
import { Code } from "~/shared/Code";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { ParamTable } from "~/shared/ParamTable";
import { Conversation, messagesOf } from "~/shared/text/Conversation";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";
import { singleBraced } from "~/shared/text/variables";

import { loadLines } from "./loadLines";
import css from "./Models.module.css";
import { packageQuery } from "./queries";

type PackageView = Schemas["PackageView"];

/** What a version holds: task, model, template, parameters, signature; and the lines that load it. */
export function Package({ name, version }: { name: string; version: string }) {
  const found = useQuery(packageQuery(name, version));
  if (found.isPending) return <Loading what="the package" />;
  if (found.isError) {
    return (
      <div className="stack">
        <Failure error={found.error} again={() => void found.refetch()} />
        <p className="muted">The files of the version can be looked at all the same.</p>
      </div>
    );
  }
  const held = found.data.package;
  return (
    <div className="stack">
      <Code text={loadLines(name, version, held.inputs)} what="lines that load it" />
      <Facts held={held} />
      <TemplateOf held={held} />
      <section className="stack">
        <h2>Parameters that every request has</h2>
        {held.fixed_json ? <Json value={held.fixed_json} /> : <p className="muted">None are fixed.</p>}
      </section>
      <section className="stack">
        <h2>Parameter policy</h2>
        <ParamTable params={held.params} />
      </section>
      <section className="stack">
        <h2>Signature</h2>
        <Columns title="Reads" columns={held.inputs} />
        <Columns title="Answers" columns={held.outputs} />
      </section>
      {held.metadata_json && (
        <section className="stack">
          <h2>Metadata</h2>
          <Json value={held.metadata_json} />
        </section>
      )}
    </div>
  );
}

function Facts({ held }: { held: PackageView }) {
  return (
    <dl className={css.pairs}>
      <dt>Model</dt>
      <dd className="mono">{held.model}</dd>
      <dt>Task</dt>
      <dd className="mono">{held.task}</dd>
      {held.prompts.length > 0 && (
        <>
          <dt>Made of</dt>
          <dd>
            {held.prompts.map((uri) => (
              <PromptLink key={uri} uri={uri} />
            ))}
          </dd>
        </>
      )}
      <dt>Flavours</dt>
      <dd>
        <span className="mono">{held.flavors.join(", ")}</span>
        {held.flavors.includes("quire") && (
          <span className="muted small">
            {" "}
            · “quire” keeps what MLflow has no place for: bounds and choices of parameters
          </span>
        )}
      </dd>
      {held.created && (
        <>
          <dt>Packaged</dt>
          <dd>{held.created.split(".")[0]} UTC</dd>
        </>
      )}
    </dl>
  );
}

function PromptLink({ uri }: { uri: string }) {
  const [, name, version] = /^prompts:\/([^/@]+)\/(\d+)$/.exec(uri) ?? [];
  if (!name) return <span className="mono">{uri}</span>;
  return (
    <Link to="/prompts/$name" params={{ name }} search={{ version: Number(version) }}>
      {name}, version {version}
    </Link>
  );
}

function TemplateOf({ held }: { held: PackageView }) {
  const mark = useMemo(() => singleBraced(held.variables), [held.variables]);
  const parts: [string, unknown][] = Object.entries(held.template);
  return (
    <section className="stack" aria-label="Template">
      <h2>Template</h2>
      {parts.length === 0 && <p className="muted">None: the input is sent as it is.</p>}
      {parts.map(([key, value]) => (
        <div key={key} className="stack">
          <h3 className="mono">{key}</h3>
          <Part value={value} mark={mark} />
        </div>
      ))}
    </section>
  );
}

function Part({ value, mark }: { value: unknown; mark: RegExp | undefined }) {
  const messages = messagesOf(value);
  if (messages) return <Conversation messages={messages} mark={mark} />;
  if (typeof value !== "string") return <Json value={value} />;
  return (
    <div className="card">
      <LongText text={value} mark={mark} />
    </div>
  );
}

function Columns({ title, columns }: { title: string; columns: PackageView["inputs"] }) {
  return (
    <p>
      <span className="muted">{title}:</span>{" "}
      {columns.length === 0
        ? "–"
        : columns.map((column, index) => (
            <span key={index} className="mono">
              {index > 0 && ", "}
              {column.name ? `${column.name}: ` : ""}
              {column.type}
              {!column.required && " (optional)"}
            </span>
          ))}
    </p>
  );
}
