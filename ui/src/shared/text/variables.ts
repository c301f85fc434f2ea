/** Finding the variables of a template in its text; their names come from the server. */

function either(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
}

/** The places of variables written `{{name}}`, as a registered prompt has them; undefined if it has none. */
export function doubleBraced(names: readonly string[]): RegExp | undefined {
  return names.length > 0 ? new RegExp(`\\{\\{\\s*(?:${either(names)})\\s*\\}\\}`, "g") : undefined;
}

/** The places of variables written `{name}`, as a packaged model has them; undefined if it has none. */
export function singleBraced(names: readonly string[]): RegExp | undefined {
  return names.length > 0 ? new RegExp(`(?<!\\{)\\{(?:${either(names)})\\}(?!\\})`, "g") : undefined;
}
