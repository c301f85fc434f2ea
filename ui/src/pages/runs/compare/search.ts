/** What the address of a comparison of runs says. */

export type CompareSearch = {
  /** The runs by id; the first is what the others are measured by. */
  runs?: string[];
  /** Whether params and tags that are the same everywhere are shown too. */
  all?: boolean;
};

/** The search of an address, whatever somebody wrote there. */
export function compareSearch(given: Record<string, unknown>): CompareSearch {
  const said = given["runs"];
  const listed: unknown[] = Array.isArray(said) ? said : typeof said === "string" ? said.split(",") : [];
  const runs = [...new Set(listed.filter((id): id is string => typeof id === "string" && id !== ""))];
  return { ...(runs.length > 0 && { runs }), ...(given["all"] === true && { all: true }) };
}
