import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useEffect, useId } from "react";

import { api } from "~/api/client";

import { Button } from "./Button";
import { CommentForm } from "./comments/CommentForm";
import { CommentItem } from "./comments/CommentItem";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { PersonName } from "./person/PersonName";
import { useAuthor } from "./person/useAuthor";

type Props = {
  /** What is commented on. */
  subject: "run" | "prompt" | "trace";
  /** The run's id, the prompt's name, the trace's id. */
  id: string;
};

const AT_ONCE = 50;

function useComments(subject: Props["subject"], id: string) {
  return useInfiniteQuery({
    queryKey: ["comments", subject, id],
    queryFn: ({ pageParam, signal }) =>
      api.GET("/api/quire/v1/comments", {
        params: {
          query: {
            subject_kind: subject,
            subject_id: id,
            max_results: AT_ONCE,
            ...(pageParam !== "" && { page_token: pageParam }),
          },
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
}

/** What people said about a thing, and a place to say more. */
export function Comments({ subject, id }: Props) {
  const queries = useQueryClient();
  const heading = useId();
  const author = useAuthor();
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useComments(subject, id);
  const linked = useLocation({ select: ({ hash }) => hash });
  const shown = data?.pages.flatMap((page) => page.comments ?? []);
  const there = shown?.some(({ comment }) => `comment-${comment.comment_id}` === linked) ?? false;
  useEffect(() => {
    // The comment that the address names may be on a later page.
    if (linked.startsWith("comment-") && !there && hasNextPage) void fetchNextPage();
    if (there) document.getElementById(linked)?.scrollIntoView({ block: "center" });
  }, [linked, there, hasNextPage, fetchNextPage]);
  const changed = () => queries.invalidateQueries({ queryKey: ["comments"] });
  const send = async (text: string) => {
    author.keep();
    const body = { subject_kind: subject, subject_id: id, text, author: author.name };
    await api.POST("/api/quire/v1/comments", { body });
    await changed();
  };
  return (
    <section aria-labelledby={heading} className="stack">
      <h2 id={heading}>Comments</h2>
      {error && !data && <Failure error={error} again={() => void refetch()} />}
      {!data && !error && <Loading what="comments" />}
      {shown?.length === 0 && <p className="muted">Nobody has said anything about this {subject} yet.</p>}
      {shown?.map((seen) => (
        <CommentItem
          key={seen.comment.comment_id}
          seen={seen}
          linked={`comment-${seen.comment.comment_id}` === linked}
          changed={changed}
        />
      ))}
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
          Show more comments
        </Button>
      )}
      {data && (
        <CommentForm label="Say something" act="Comment" send={send} blocked={author.name === ""}>
          <PersonName author={author} />
        </CommentForm>
      )}
    </section>
  );
}
