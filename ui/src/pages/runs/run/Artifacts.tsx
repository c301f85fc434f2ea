import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, FileText } from "lucide-react";
import { useState } from "react";

import { Empty } from "~/shared/Empty";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { bytes } from "~/shared/quantities";

import { artifactsQuery, type Run } from "../queries";
import css from "./Artifacts.module.css";
import { Preview } from "./Preview";

type Props = { run: Run; file: string | undefined; choose: (file: string) => void };

/** The files of a run as a tree, and the chosen one beside it. */
export function Artifacts({ run, file, choose }: Props) {
  const root = useQuery(artifactsQuery(run.info.run_id, ""));
  if (root.data?.length === 0) {
    return (
      <Empty title="No artifacts" command={`quire.log_artifact("report.md", run_id="${run.info.run_id}")`}>
        Files that a run logs are here.
      </Empty>
    );
  }
  return (
    <div className={css.sides}>
      <nav aria-label="Artifacts" className="card">
        <Folder runId={run.info.run_id} path="" file={file} choose={choose} />
      </nav>
      <div className="card stack">
        {file === undefined ? (
          <p className="muted">Choose a file to look at it.</p>
        ) : (
          <Preview key={file} runId={run.info.run_id} path={file} />
        )}
      </div>
    </div>
  );
}

type FolderProps = { runId: string; path: string; file: string | undefined; choose: (file: string) => void };

function Folder({ runId, path, file, choose }: FolderProps) {
  const files = useQuery(artifactsQuery(runId, path));
  const [open, setOpen] = useState<readonly string[]>(() => (file === undefined ? [] : foldersOf(file)));
  if (files.error) return <Failure error={files.error} again={() => void files.refetch()} />;
  if (!files.data) return <Loading what="files" />;
  return (
    <ul className={css.files}>
      {files.data.map((item) => {
        const isOpen = open.includes(item.path);
        const name = item.path.slice(item.path.lastIndexOf("/") + 1);
        return (
          <li key={item.path}>
            <button
              type="button"
              className={css.file}
              aria-expanded={item.is_dir ? isOpen : undefined}
              aria-current={item.path === file ? "true" : undefined}
              title={item.path}
              onClick={() => {
                if (!item.is_dir) choose(item.path);
                else setOpen(isOpen ? open.filter((other) => other !== item.path) : [...open, item.path]);
              }}
            >
              {item.is_dir ? (
                isOpen ? (
                  <ChevronDown size={14} aria-hidden />
                ) : (
                  <ChevronRight size={14} aria-hidden />
                )
              ) : (
                <FileText size={14} aria-hidden />
              )}
              <span className={css.name} dir="auto">
                {name}
              </span>
              {!item.is_dir && <span className="muted small">{bytes(item.file_size)}</span>}
            </button>
            {item.is_dir && isOpen && <Folder runId={runId} path={item.path} file={file} choose={choose} />}
          </li>
        );
      })}
    </ul>
  );
}

/** The folders that a file is in, the outermost first. */
function foldersOf(file: string): string[] {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
