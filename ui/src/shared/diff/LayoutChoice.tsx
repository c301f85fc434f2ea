import { Select } from "../Select";

import type { DiffLayout } from "./TextDiff";

/** How differences are laid out: in one text, or side by side. */
export function LayoutChoice({ value, choose }: { value: DiffLayout; choose: (layout: DiffLayout) => void }) {
  return (
    <label className="row">
      Show
      <Select value={value} onChange={(event) => choose(event.target.value === "side" ? "side" : "inline")}>
        <option value="inline">in one text</option>
        <option value="side">side by side</option>
      </Select>
    </label>
  );
}
