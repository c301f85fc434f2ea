import { useQuery } from "@tanstack/react-query";

import { ApiError } from "~/api/client";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";
import { bytes } from "~/shared/quantities";
import { LongText } from "~/shared/text/LongText";

import css from "./Models.module.css";
import { decoded } from "./preview";

const MOST = 256 * 1024;

/** The beginning of a file, if it is text; shown as text and nothing else. */
export function FileText({ url, size }: { url: string; size: number }) {
  const found = useQuery({
    queryKey: ["models", "file", url],
    queryFn: async ({ signal }) => {
      const range = size > MOST ? { headers: { range: `bytes=0-${MOST - 1}` } } : {};
      const response = await fetch(url, { signal, ...range });
      if (!response.ok) throw new ApiError(response.status, "", `The server answered ${response.status}.`);
      return response.arrayBuffer();
    },
  });
  if (found.isPending) return <Loading what="the file" />;
  if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
  const text = decoded(found.data);
  if (text === undefined) return <p className="muted">This file is not text. Download it to look at it.</p>;
  if (text === "") return <p className="muted">This file is empty.</p>;
  return (
    <div className={css.content}>
      <LongText text={text} shown={20_000} copies />
      {size > MOST && (
        <p className="muted">
          The first {bytes(MOST)} of {bytes(size)}. Download it to see all of it.
        </p>
      )}
    </div>
  );
}
