/** What the addresses of the models' pages say. */
import { given, numberIn, oneOf, textIn } from "~/shared/search";

export const MODEL_TABS = ["versions", "promotions"] as const;
export type ModelTab = (typeof MODEL_TABS)[number];
export const VERSION_TABS = ["package", "files", "changes", "lineage"] as const;
export type VersionTab = (typeof VERSION_TABS)[number];

/** `q`: text in the names; `after`: where the page begins. */
export function modelsSearch(search: Record<string, unknown>) {
  return given({ q: textIn(search["q"]), after: textIn(search["after"]) });
}

/** `tab`: what is shown (the versions). */
export function modelSearch(search: Record<string, unknown>) {
  return given({ tab: oneOf(search["tab"], MODEL_TABS) });
}

/**
 * `tab`: what is shown (the package); `old`: the version that it is compared with (the one before); `layout`: how
 * (inline); `file`: the file looked at.
 */
export function modelVersionSearch(search: Record<string, unknown>) {
  return given({
    tab: oneOf(search["tab"], VERSION_TABS),
    old: numberIn(search["old"]),
    layout: oneOf(search["layout"], ["inline", "side"] as const),
    file: textIn(search["file"]),
  });
}
