import { useQuery } from "@tanstack/react-query";

import { address, fetched } from "~/api/client";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { bytes } from "~/shared/quantities";
import { Json } from "~/shared/text/Json";
import { LongText } from "~/shared/text/LongText";

import css from "./Artifacts.module.css";
import { kindOf } from "./kinds";

/** Of a longer file the beginning is shown. */
const MOST_BYTES = 2_000_000;

/** A file as text or as a picture, never as a page: whatever it says, nothing of it runs. */
export function Preview({ runId, path }: { runId: string; path: string }) {
  const kind = kindOf(path);
  const place = { run_uuid: runId, path };
  const url = address("get-artifact", place);
  return (
    <>
      <div className="row">
        <h3 className="grow" dir="auto">
          {path}
        </h3>
        <a href={url} download>
          Download
        </a>
      </div>
      {kind === "picture" && <img className={css.picture} src={url} alt={path} />}
      {kind === "other" && <p className="muted">A file of this kind is not shown. Download it to look at it.</p>}
      {(kind === "text" || kind === "json") && <Words place={place} isJson={kind === "json"} />}
    </>
  );
}

function Words({ place, isJson }: { place: { run_uuid: string; path: string }; isJson: boolean }) {
  const content = useQuery({
    queryKey: ["runs", "file", place],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams(place).toString();
      const answer = await fetched(`get-artifact?${query}`, {
        signal,
        headers: { range: `bytes=0-${MOST_BYTES - 1}` },
      });
      const content = new Uint8Array(await answer.arrayBuffer());
      const whole = Number(answer.headers.get("content-range")?.split("/").at(1) ?? content.length);
      return { text: new TextDecoder().decode(content), whole, shown: content.length };
    },
    staleTime: 60_000,
  });
  if (content.error) return <Failure error={content.error} again={() => void content.refetch()} />;
  if (!content.data) return <Loading what="the file" />;
  const { text, whole, shown } = content.data;
  if (text.slice(0, 1000).includes("\u0000"))
    return <p className="muted">This is no text. Download it to look at it.</p>;
  return (
    <>
      {whole > shown && (
        <p className="muted">
          The first {bytes(shown)} of {bytes(whole)}.
        </p>
      )}
      {text === "" && <p className="muted">The file is empty.</p>}
      {isJson ? <Json value={text} /> : <LongText text={text} shown={20_000} copies />}
    </>
  );
}
