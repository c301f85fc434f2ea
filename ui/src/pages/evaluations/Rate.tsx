import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";

import { api } from "~/api/client";
import { Button } from "~/shared/Button";
import { Failure } from "~/shared/Failure";
import { PersonName } from "~/shared/person/PersonName";
import { useAuthor } from "~/shared/person/useAuthor";
import { usePerson } from "~/shared/person/usePerson";
import { useShortcuts } from "~/shared/shortcuts";

import type { Answer } from "./queries";
import { Ratings } from "./Ratings";
import css from "./RowReview.module.css";

type Props = { runId: string; index: number; answer: Answer; isChosen: boolean };
type Said = { value: number | boolean | null; comment: string };

const STARS = [1, 2, 3, 4, 5];

/** A person's rating of an answer, from 1 to 5 or good or bad, with a comment; kept with the answer's trace. */
export function Rate({ runId, index, answer, isChosen }: Props) {
  const person = usePerson();
  const author = useAuthor();
  const cache = useQueryClient();
  const box = useRef<HTMLTextAreaElement>(null);
  const own = answer.ratings.find((one) => one.by === person.name && one.name === "rating");
  const [typed, setTyped] = useState<string>();
  const comment = typed ?? own?.comment ?? "";
  const { mutate, error, isPending } = useMutation({
    mutationFn: (said: Said) =>
      api.POST("/api/quire/v1/evaluations/{run_id}/rate", {
        params: { path: { run_id: answer.run_id } },
        body: {
          variant: answer.variant,
          index: answer.index,
          repeat: answer.repeat,
          by: person.name,
          value: said.value,
          comment: said.comment,
        },
      }),
    onSuccess: async () => {
      setTyped(undefined);
      await cache.invalidateQueries({
        queryKey: ["evaluations", runId, "row"],
        predicate: ({ queryKey }) => queryKey[4] === index,
      });
    },
  });
  const rated = own?.value;
  useShortcuts(
    useMemo(() => {
      if (!isChosen || !person.name) return [];
      const rate = (value: number | boolean | null) => () => mutate({ value, comment });
      return [
        ...STARS.map((star) => ({ keys: String(star), does: `Rate ${star} of 5`, run: rate(star) })),
        { keys: "u", does: "Rate as good", run: rate(true) },
        { keys: "x", does: "Rate as bad", run: rate(false) },
        { keys: "0", does: "Take your rating back", run: rate(null) },
        { keys: "c", does: "Comment", run: () => box.current?.focus() },
      ];
    }, [isChosen, person.name, comment, mutate]),
    "Rate",
  );
  if (!person.isKnown) return null;
  const mark = (value: number | boolean, label: string, shown: React.ReactNode) => (
    <Button
      key={label}
      className={css.mark ?? ""}
      aria-pressed={rated === value}
      aria-label={label}
      title={label}
      disabled={!person.name || isPending}
      onClick={() => mutate({ value: rated === value ? null : value, comment })}
    >
      {shown}
    </Button>
  );
  return (
    <div className="stack">
      {!person.name && <PersonName author={author} alone />}
      <div className={css.rate} role="group" aria-label={`Your rating of ${answer.variant}`}>
        {STARS.map((star) => mark(star, `${star} of 5`, star))}
        {mark(true, "Good", <ThumbsUp size={16} aria-hidden />)}
        {mark(false, "Bad", <ThumbsDown size={16} aria-hidden />)}
      </div>
      {person.name && (isChosen || comment !== "") && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (typeof rated === "number" || typeof rated === "boolean") mutate({ value: rated, comment });
          }}
        >
          <textarea
            ref={box}
            rows={1}
            className="grow"
            aria-label={`Comment on ${answer.variant}`}
            placeholder="Comment; it is kept with your rating"
            value={comment}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
          {typed !== undefined && rated !== undefined && <Button type="submit">Save</Button>}
        </form>
      )}
      {error && <Failure error={error} />}
      <Ratings ratings={answer.ratings} />
    </div>
  );
}
