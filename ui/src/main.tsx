import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./styles/tokens.css";
import "./styles/base.css";
import { App } from "./App";
import { fromOlderAddress } from "./shell/olderAddresses";
import { applyTheme } from "./shell/theme";

applyTheme();
fromOlderAddress();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
