import { useEffect, useRef, useState } from "react";

import { api } from "~/api/client";
import type { Schemas } from "~/api/types";

import { Button } from "../Button";
import { CopyButton } from "../CopyButton";
import { Cut } from "../Cut";
import { Failure } from "../Failure";
import { usePerson } from "../person/usePerson";
import { Markdown } from "../text/Markdown";
import { Time } from "../Time";

import { CommentForm } from "./CommentForm";
import css from "./CommentItem.module.css";
import { useRead } from "./useRead";

type Props = { seen: Schemas["CommentResponse"]; linked: boolean; changed: () => Promise<unknown> };

const NOBODY: readonly string[] = [];

/** One comment: who said it, when, and what; to its author the ways to change it. */
export function CommentItem({ seen, linked, changed }: Props) {
  const { comment, may_edit: mayEdit = false, may_delete: mayDelete = false } = seen;
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  const you = usePerson().name;
  const place = useSeen(comment, you);
  const anchor = `comment-${comment.comment_id}`;
  const path = { path: { comment_id: comment.comment_id } };
  const link = () => `${location.href.split("#")[0] ?? ""}#${anchor}`;
  const remove = async () => {
    try {
      await api.DELETE("/api/quire/v1/comments/{comment_id}", { params: path });
      await changed();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <article ref={place} id={anchor} className={linked ? `${css.comment} ${css.linked}` : css.comment} tabIndex={-1}>
      <header className={css.head}>
        <strong className={css.author}>
          <Cut text={comment.author} />
        </strong>
        <span className="muted small">
          <Time ms={comment.creation_time} />
          {comment.edit_time != null && (
            <>
              , edited <Time ms={comment.edit_time} />
            </>
          )}
        </span>
        <span className="grow" />
        <CopyButton text={link} what="link to this comment" />
        {mayEdit && !editing && (
          <Button look="quiet" onClick={() => setEditing(true)}>
            Edit
          </Button>
        )}
        {mayDelete && !asking && (
          <Button look="quiet" onClick={() => setAsking(true)}>
            Delete
          </Button>
        )}
        {asking && (
          <>
            <Button look="danger" onClick={() => void remove()}>
              Delete it
            </Button>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
          </>
        )}
      </header>
      {error !== undefined && <Failure error={error} />}
      {editing ? (
        <CommentForm
          label="Change the comment"
          act="Save"
          text={comment.text}
          cancel={() => setEditing(false)}
          send={async (text) => {
            await api.PATCH("/api/quire/v1/comments/{comment_id}", { params: path, body: { text } });
            await changed();
            setEditing(false);
          }}
        />
      ) : (
        <Markdown text={comment.text} mentions={comment.mentions ?? NOBODY} you={you} />
      )}
    </article>
  );
}

/** A comment that mentions who looks is read once it has been in sight. */
function useSeen(comment: Props["seen"]["comment"], you: string) {
  const place = useRef<HTMLElement>(null);
  const { one } = useRead(you);
  const mentioned = you !== "" && (comment.mentions ?? NOBODY).includes(you);
  useEffect(() => {
    const shown = place.current;
    if (!mentioned || !shown) return undefined;
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) one(comment.comment_id);
    });
    watch.observe(shown);
    return () => watch.disconnect();
  }, [mentioned, one, comment.comment_id]);
  return place;
}
