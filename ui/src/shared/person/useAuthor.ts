/** Under which name something is said: that of who signed in, else one that is asked for once. */
import { useState } from "react";

import { usePerson } from "./usePerson";

export type Author = {
  /** Empty as long as nobody signed in and no name was given. */
  name: string;
  isSignedIn: boolean;
  /** What stands in the field; undefined while no name is asked for. */
  typed: string | undefined;
  type: (name: string) => void;
  /** Remember what was typed, in this browser. */
  keep: () => void;
};

/** The name under which who sits here says something. Until it is kept, it is what was typed last. */
export function useAuthor(): Author {
  const person = usePerson();
  const [typing, setTyping] = useState<string>();
  const typed = person.isSignedIn ? undefined : (typing ?? (person.isKnown && person.name === "" ? "" : undefined));
  const name = typed?.trim() ?? person.name;
  return {
    name,
    isSignedIn: person.isSignedIn,
    typed,
    type: setTyping,
    keep: () => {
      if (typed === undefined || name === "") return;
      person.keep(name);
      setTyping(undefined);
    },
  };
}
