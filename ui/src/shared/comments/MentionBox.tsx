import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useId, useRef, useState } from "react";

import { api } from "~/api/client";

import css from "./MentionBox.module.css";
import { mentioning, type Typing, typedAt } from "./mention";

type Props = {
  label: string;
  text: string;
  change: (text: string) => void;
  send: () => void;
  place?: RefObject<HTMLTextAreaElement | null>;
};

/** A place to write Markdown. After an @ it offers names; Ctrl+Enter sends. */
export function MentionBox({ label, text, change, send, place }: Props) {
  const own = useRef<HTMLTextAreaElement>(null);
  const box = place ?? own;
  const list = useId();
  const [typing, setTyping] = useState<Typing>();
  const [chosen, setChosen] = useState(0);
  const people = useQuery({
    queryKey: ["comments", "people", typing?.prefix ?? ""],
    queryFn: ({ signal }) =>
      api.GET("/api/quire/v1/people", { params: { query: { prefix: typing?.prefix ?? "", max_results: 6 } }, signal }),
    enabled: typing !== undefined,
    placeholderData: keepPreviousData,
  });
  const names = typing === undefined ? [] : (people.data?.names ?? []).filter((name) => name !== typing.prefix);
  const look = () => {
    setTyping(typedAt(box.current?.value ?? "", box.current?.selectionStart ?? 0));
    setChosen(0);
  };
  const take = (name: string) => {
    if (!typing || !box.current) return;
    const next = mentioning(text, typing, box.current.selectionStart, name);
    change(next.text);
    setTyping(undefined);
    const textarea = box.current;
    window.requestAnimationFrame(() => {
      textarea.focus();
      textarea.setSelectionRange(next.caret, next.caret);
    });
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
      return;
    }
    const name = names[chosen];
    if (name === undefined) return;
    if (event.key === "Enter" || event.key === "Tab") take(name);
    else if (event.key === "ArrowDown") setChosen((chosen + 1) % names.length);
    else if (event.key === "ArrowUp") setChosen((chosen + names.length - 1) % names.length);
    else if (event.key === "Escape") setTyping(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <div className={css.box}>
      <textarea
        ref={box}
        aria-label={label}
        placeholder={label}
        aria-autocomplete="list"
        aria-controls={names.length > 0 ? list : undefined}
        aria-activedescendant={names.length > 0 ? `${list}-${chosen}` : undefined}
        rows={4}
        dir="auto"
        className={css.text}
        value={text}
        onChange={(event) => {
          change(event.target.value);
          look();
        }}
        onClick={look}
        onBlur={() => setTyping(undefined)}
        onKeyDown={pressed}
      />
      {names.length > 0 && (
        <ul id={list} role="listbox" aria-label="People" className={css.names}>
          {names.map((name, index) => (
            // The keyboard chooses from the textarea, which keeps the focus.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={name}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(name)}
            >
              {name}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
