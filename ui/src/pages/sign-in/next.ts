/** Where to go after a sign-in: the page that was asked for, if it is one of this server. */
export function placeAfter(next: string | undefined, base: URL): string {
  const start = base.toString();
  if (next === undefined || !next.startsWith("/")) return start;
  let place: URL;
  try {
    place = new URL(next, base);
  } catch {
    return start;
  }
  const isHere = place.origin === base.origin && place.pathname.startsWith(base.pathname);
  return isHere && place.pathname !== `${base.pathname}sign-in` ? place.toString() : start;
}
