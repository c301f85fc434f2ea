/** Why a sign-in at the identity provider let nobody in, in words. The server gives the keys. */
import type { Refused } from "./routes";

const WORDS: Record<Refused, string> = {
  begun: "This browser began no such sign-in, or too long ago. Begin again.",
  denied: "The identity provider let nobody in. Begin again, or ask its admin to let you use this application.",
  token: "What the identity provider answered does not belong to this sign-in, or is not right. Begin again.",
  name: "The identity provider did not say by which name you are known here, or has not verified your e-mail address.",
  taken: "A user of your name is here who signs in with a password. Ask an admin of the server to rename that user.",
  away: "The identity provider cannot be reached, or is not set up rightly. Try again; the server's log says more.",
};

export function wordsOf(refused: Refused): string {
  return WORDS[refused];
}
