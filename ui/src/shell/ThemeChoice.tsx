import { useState } from "react";

import { Select } from "~/shared/Select";

import { chosenTheme, chooseTheme, type Theme } from "./theme";

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label className="row small muted">
      Colours
      <Select
        value={theme}
        onChange={(event) => {
          const chosen = event.target.value as Theme;
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        <option value="system">system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </Select>
    </label>
  );
}
