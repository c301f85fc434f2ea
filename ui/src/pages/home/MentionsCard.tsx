import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Badge } from "~/shared/Badge";
import { Button } from "~/shared/Button";
import { isUnread } from "~/shared/comments/read";
import { useRead } from "~/shared/comments/useRead";
import { Cut } from "~/shared/Cut";
import { count } from "~/shared/quantities";
import { plain } from "~/shared/text/plain";
import { Time } from "~/shared/Time";

import css from "./Home.module.css";
import { HomeCard } from "./HomeCard";
import { type Changes, mentionsQuery } from "./queries";

type Comment = Changes["mentions"][number];

const MOST = 20;

/** What was said to who sits here: what they have not read, however old, then what they have of this time. */
export function MentionsCard({ mentions, name }: { mentions: Comment[]; name: string }) {
  const { read, all } = useRead(name);
  const since = useQuery(mentionsQuery(name, read.until)).data?.comments ?? [];
  const known = new Set(since.map((comment) => comment.comment_id));
  const unread = [...since, ...mentions.filter((comment) => !known.has(comment.comment_id))].filter((comment) =>
    isUnread(comment, read),
  );
  const before = mentions.filter((comment) => !isUnread(comment, read));
  const nothing = name === "" ? "Comment on something, so that your name is known here." : `Nobody mentioned @${name}.`;
  return (
    <HomeCard
      title="Mentions"
      nothing={nothing}
      all={
        unread.length > 0 && (
          <>
            <Badge tone="accent">{count(unread.length)} unread</Badge>
            <Button look="quiet" onClick={() => all(unread)}>
              Mark all as read
            </Button>
          </>
        )
      }
    >
      {unread.length + before.length > 0 && (
        <ul className={css.lines}>
          {[...unread.slice(0, MOST), ...before].map((comment) => (
            <li key={comment.comment_id}>
              <p className={css.line}>
                <Said comment={comment} />
                {isUnread(comment, read) && <Badge tone="accent">unread</Badge>}
                <span className="muted small">
                  <Time ms={comment.creation_time} />
                </span>
              </p>
              <p className="small">
                <Cut text={plain(comment.text.replaceAll("\n", " "))} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  );
}

/** Leads to the comment. */
function Said({ comment }: { comment: Comment }) {
  const hash = `comment-${comment.comment_id}`;
  const id = comment.subject_id;
  const words = <Cut text={`${comment.author} on the ${comment.subject_kind} ${id}`} />;
  if (comment.subject_kind === "run")
    return (
      <Link to="/runs/$runId" params={{ runId: id }} hash={hash}>
        {words}
      </Link>
    );
  if (comment.subject_kind === "trace")
    return (
      <Link to="/traces/$traceId" params={{ traceId: id }} hash={hash}>
        {words}
      </Link>
    );
  return (
    <Link to="/prompts/$name" params={{ name: id }} hash={hash}>
      {words}
    </Link>
  );
}
