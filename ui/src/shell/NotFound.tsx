import { Link } from "@tanstack/react-router";

import { Page } from "~/shared/Page";

export function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        The address leads nowhere here. <Link to="/">Go to the start</Link>
      </p>
    </Page>
  );
}
