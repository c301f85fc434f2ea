import type { Schemas } from "~/api/types";

import css from "./parts.module.css";
import { Section } from "./Section";

/** How the endpoint is set, in the server's words. */
export function EndpointSettings({ settings }: { settings: Schemas["Setting"][] }) {
  return (
    <Section title="Settings">
      <dl className={css.facts}>
        {settings.map(({ field, said }) => (
          <SettingLine key={field} field={field} said={said} />
        ))}
      </dl>
    </Section>
  );
}

function SettingLine({ field, said }: Schemas["Setting"]) {
  return (
    <>
      <dt>{field}</dt>
      <dd>{said}</dd>
    </>
  );
}
