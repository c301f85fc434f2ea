/** What the address of a run says. */

export const TABS = ["overview", "charts", "artifacts", "tags"] as const;
export type Tab = (typeof TABS)[number];

export type RunSearch = {
  /** What of the run is shown; its overview unless given. */
  tab?: Tab;
  /** The artifact that is shown, by its path. */
  file?: string;
};

/** The search of an address, whatever somebody wrote there. */
export function runSearch(given: Record<string, unknown>): RunSearch {
  const tab = TABS.find((name) => name === given["tab"] && name !== "overview");
  const file = given["file"];
  return { ...(tab && { tab }), ...(typeof file === "string" && file && { file }) };
}
