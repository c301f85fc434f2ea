import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";
import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { plain } from "~/shared/text/plain";
import { useState } from "react";

import css from "./Blame.module.css";

const SHOWN = 500;
const LONGEST = 2000;

/** Each line of a version beside the version that brought it. */
export function Blame({ name, version }: { name: string; version: number }) {
  const found = useQuery({
    queryKey: ["prompts", name, "blame", version],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/prompts/{name}/versions/{version}/blame", {
        params: { path: { name, version: String(version) } },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Loading what="the lines" />;
  const by = new Map((found.data.versions ?? []).map((item) => [item.version, item]));
  return (
    <div className="stack">
      <h2>Lines of version {version}</h2>
      {(found.data.messages ?? []).map((message, index) => (
        <Message key={index} name={name} message={message} by={by} />
      ))}
    </div>
  );
}

type Versions = Map<number, Schemas["VersionSummary"]>;

function Message({ name, message, by }: { name: string; message: Schemas["BlamedMessage"]; by: Versions }) {
  const [shown, setShown] = useState(SHOWN);
  const rest = message.lines.length - shown;
  return (
    <section className={css.message}>
      {message.role && <Badge>{message.role}</Badge>}
      <table className={css.lines}>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Line</th>
          </tr>
        </thead>
        <tbody>
          {message.lines.slice(0, shown).map((line, index) => (
            <tr key={index}>
              <td className="small">
                {line.version !== message.lines[index - 1]?.version && (
                  <Link
                    to="/prompts/$name"
                    params={{ name }}
                    search={{ version: line.version }}
                    title={said(by.get(line.version))}
                  >
                    version {line.version}
                  </Link>
                )}
              </td>
              <td className={css.text} dir="auto">
                {plain(line.text.length > LONGEST ? `${line.text.slice(0, LONGEST)}…` : line.text)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <Button onClick={() => setShown(shown + 10 * SHOWN)}>Show {rest} more lines</Button>}
    </section>
  );
}

function said(version: Schemas["VersionSummary"] | undefined): string | undefined {
  return version && [version.author, version.commit_message].filter(Boolean).join(": ").slice(0, 500);
}
