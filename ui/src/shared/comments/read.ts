/** Which comments that mention somebody they have read: everything up to a moment, and some after it. */

/** `until`: all up to then is read (ms since the epoch); `ids`: comments after that which are read too. */
export type Read = { until: number; ids: readonly string[] };
type Mention = { comment_id: string; creation_time: number };

const MOST_IDS = 500;

export function isUnread(mention: Mention, read: Read): boolean {
  return mention.creation_time > read.until && !read.ids.includes(mention.comment_id);
}

/** What is read once these are. Of very many the oldest are forgotten. */
export function withRead(read: Read, ids: readonly string[]): Read {
  const more = ids.filter((id) => !read.ids.includes(id));
  return more.length === 0 ? read : { ...read, ids: [...read.ids, ...more].slice(-MOST_IDS) };
}

/** What is read once all of these are, and all before them. */
export function allRead(mentions: readonly Mention[], read: Read): Read {
  const until = Math.max(read.until, ...mentions.map((mention) => mention.creation_time));
  return { until, ids: [] };
}

/** What a browser kept; `usual` where it kept nothing that can be read. */
export function readIn(text: string | null, usual: Read): Read {
  if (text === null) return usual;
  try {
    const said = JSON.parse(text) as Partial<Read> | null;
    const ids = Array.isArray(said?.ids) ? said.ids.filter((id) => typeof id === "string") : [];
    return { until: typeof said?.until === "number" ? said.until : usual.until, ids };
  } catch {
    return usual;
  }
}
