import { Select } from "./Select";

type Props = {
  label: string;
  /** The versions that are known, newest first. */
  versions: readonly number[];
  value: number | undefined;
  choose: (version: number) => void;
};

/** A choice of one version. */
export function VersionChoice({ label, versions, value, choose }: Props) {
  const all = value === undefined || versions.includes(value) ? versions : [value, ...versions];
  return (
    <label className="row">
      {label}
      <Select aria-label={label} value={value ?? ""} onChange={(event) => choose(Number(event.target.value))}>
        {value === undefined && <option value="">–</option>}
        {all.map((version) => (
          <option key={version} value={version}>
            version {version}
          </option>
        ))}
      </Select>
    </label>
  );
}
