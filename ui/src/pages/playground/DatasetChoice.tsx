import type { Schemas } from "~/api/types";
import { Select } from "~/shared/Select";

import css from "./Playground.module.css";
import { useVersions } from "./useDatasets";

type Props = {
  datasets: readonly Schemas["DatasetMessage"][];
  dataset: string;
  version: string;
  /** Told the dataset's id and the version's number; "" is the dataset as it is now. */
  choose: (dataset: string, version: string) => void;
};

/** A dataset and one of its versions. */
export function DatasetChoice({ datasets, dataset, version, choose }: Props) {
  const versions = useVersions(dataset);
  return (
    <div className={css.pair}>
      <label className={css.field}>
        <span>Dataset</span>
        <Select value={dataset} onChange={(event) => choose(event.target.value, "")}>
          {datasets.map(({ dataset_id: id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </label>
      <label className={css.field}>
        <span>Version</span>
        <Select value={version} onChange={(event) => choose(dataset, event.target.value)}>
          <option value="">as it is now</option>
          {versions.map((item) => (
            <option key={item.version} value={item.version}>
              {item.version}
            </option>
          ))}
        </Select>
      </label>
    </div>
  );
}
