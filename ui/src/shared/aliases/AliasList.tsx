import { Badge } from "../Badge";

/** Aliases and the versions that they point at, only to look at. */
export function AliasList({ aliases }: { aliases: Record<string, number | string> }) {
  const entries = Object.entries(aliases);
  if (entries.length === 0) return <>–</>;
  return (
    <span className="row">
      {entries.map(([alias, version]) => (
        <Badge key={alias} tone="accent" title={`@${alias} is version ${version}`}>
          @{alias} {version}
        </Badge>
      ))}
    </span>
  );
}
