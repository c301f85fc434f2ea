/** What the addresses of the prompts' pages say. */
import { given, numberIn, oneOf, textIn } from "~/shared/search";

export const TABS = ["template", "changes", "lines", "aliases", "lineage", "new"] as const;
export type Tab = (typeof TABS)[number];

/** `q`: text in the names; `after`: where the page begins; `create`: a prompt is being made. */
export function promptsSearch(search: Record<string, unknown>) {
  return given({
    q: textIn(search["q"]),
    after: textIn(search["after"]),
    create: search["create"] === true || search["create"] === "true" ? true : undefined,
  });
}

/**
 * `tab`: what is shown (the template); `version`: the version looked at (the newest); `old`: the one that it is
 * compared with (the one before); `layout`: how (inline).
 */
export function promptSearch(search: Record<string, unknown>) {
  return given({
    tab: oneOf(search["tab"], TABS),
    version: numberIn(search["version"]),
    old: numberIn(search["old"]),
    layout: oneOf(search["layout"], ["inline", "side"] as const),
  });
}
