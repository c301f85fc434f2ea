import { Button } from "../Button";

import type { Author } from "./useAuthor";

type Props = {
  author: Author;
  /** Whether the name is asked for by itself, with a button, and not as part of a form that is sent. */
  alone?: boolean;
};

/** Who says what is written here: the name, or a field for it where nobody signs in. */
export function PersonName({ author, alone = false }: Props) {
  const { name, typed, type, keep, isSignedIn } = author;
  if (typed === undefined) {
    if (name === "") return null;
    return (
      <span className="small muted">
        as <strong dir="auto">{name}</strong>
        {!isSignedIn && (
          <Button look="quiet" onClick={() => type(name)}>
            Change the name
          </Button>
        )}
      </span>
    );
  }
  const field = (
    <label className="row small">
      Your name
      <input value={typed} required maxLength={250} autoComplete="name" onChange={({ target }) => type(target.value)} />
    </label>
  );
  if (!alone) return field;
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      {field}
      <Button type="submit" look="primary">
        Keep
      </Button>
      <span className="small muted">It stands beside what you say, and is asked once in this browser.</span>
    </form>
  );
}
