import { Link } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";
import { Json } from "~/shared/text/Json";
import { plain } from "~/shared/text/plain";

import css from "./Attributes.module.css";

type Props = { attributes: Record<string, unknown>; links: Schemas["LinkView"][] };

/** All attributes of a span, by name, and the spans that it has to do with. */
export function Attributes({ attributes, links }: Props) {
  const names = Object.keys(attributes).sort();
  return (
    <div className="stack">
      <dl className={css.list}>
        {names.map((name) => (
          <div key={name}>
            <dt className="mono">{plain(name)}</dt>
            <dd>
              <Json value={attributes[name]} />
            </dd>
          </div>
        ))}
      </dl>
      {links.length > 0 && (
        <>
          <h3>Linked spans</h3>
          <ul className={css.links}>
            {links.map((link) => (
              <li key={`${link.trace_id}/${link.span_id}`}>
                <Link to="/traces/$traceId" params={{ traceId: link.trace_id }} search={{ span: link.span_id }}>
                  <span className="mono">{link.trace_id}</span>
                </Link>
                {Object.keys(link.attributes).length > 0 && <Json value={link.attributes} />}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
