/** Who sits here: who signed in, else the name that was given once and is kept in this browser. */
import { keep, useKept } from "../kept";
import { useMe } from "../me";

const KEY = "quire-name";

type Person = {
  /** Empty if nobody signed in and no name was given yet. */
  name: string;
  isSignedIn: boolean;
  /** Whether it is known yet if somebody signed in. */
  isKnown: boolean;
  keep: (name: string) => void;
};

function keepName(name: string): void {
  keep(KEY, name);
}

/** The person at this browser. On a server without sign-in, `keep` changes the name. */
export function usePerson(): Person {
  const kept = useKept(KEY) ?? "";
  const me = useMe();
  const signedIn = me?.auth ? me.username : "";
  return { name: signedIn || kept, isSignedIn: signedIn !== "", isKnown: me !== undefined, keep: keepName };
}
