/** The highest number among versions; undefined if there are none. The newest of each stage are given, in any order. */
export function newestOf(versions: readonly { version: string }[]): number | undefined {
  return versions.length > 0 ? Math.max(...versions.map(({ version }) => Number(version))) : undefined;
}
