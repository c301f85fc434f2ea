import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { address } from "~/api/client";
import { CopyButton } from "~/shared/CopyButton";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { bytes } from "~/shared/quantities";

import { FileText } from "./FileText";
import css from "./Models.module.css";
import { filesQuery } from "./queries";
import { modelVersionRoute } from "./routes";

/** The files of a version with their sizes; the text of one of them. */
export function Files({ name, version }: { name: string; version: string }) {
  const search = modelVersionRoute.useSearch();
  const found = useQuery(filesQuery(name, version));
  if (found.isPending) return <Loading what="the files" />;
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  const files = found.data.files ?? [];
  const chosen = files.find(({ path }) => path === (search.file ?? "MLmodel"));
  const place = (path: string) => address("model-versions/get-artifact", { name, version, path });
  return (
    <div className={css.files}>
      <div className="stack">
        <ul className={css.fileList} aria-label="Files">
          {files.map(({ path, size }) => (
            <li key={path}>
              <Link
                to="/models/$name/versions/$version"
                params={{ name, version }}
                search={{ tab: "files", file: path }}
                aria-current={path === chosen?.path ? "true" : undefined}
                className="grow"
              >
                <bdi>{path}</bdi>
              </Link>
              <span className="small muted">{bytes(size)}</span>
            </li>
          ))}
        </ul>
        {found.data.complete === false && <p className="muted">There are more files than are shown here.</p>}
      </div>
      {chosen && (
        <section className="stack" aria-label={`File ${chosen.path}`}>
          <div className="row">
            <h2 className="grow">{chosen.path}</h2>
            <a className={css.download} href={place(chosen.path)} download>
              Download
            </a>
            <CopyButton text={chosen.path} what="path" />
          </div>
          <FileText key={chosen.path} url={place(chosen.path)} size={chosen.size} />
        </section>
      )}
    </div>
  );
}
