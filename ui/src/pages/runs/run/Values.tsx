import { useState } from "react";

import { Button } from "~/shared/Button";
import { count } from "~/shared/quantities";
import { LongText } from "~/shared/text/LongText";

import css from "./Values.module.css";

const SHOWN = 100;

/** Keys with their values, found by a part of the key; of many the first, and more when asked. */
export function Values(props: { title: string; none: string; items: readonly { key: string; value: string }[] }) {
  const { title, none, items } = props;
  const [search, setSearch] = useState("");
  const [limit, setLimit] = useState(SHOWN);
  const found = items.filter(({ key }) => key.toLowerCase().includes(search.toLowerCase()));
  return (
    <section className="card stack" aria-label={title}>
      <div className="row">
        <h2 className="grow">
          {title} <span className="muted small">{count(items.length)}</span>
        </h2>
        {items.length > 12 && (
          <input
            aria-label={`Find among ${title}`}
            placeholder="Find"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        )}
      </div>
      {items.length === 0 && <p className="muted">{none}</p>}
      {found.length > 0 && (
        <table className={css.values}>
          <tbody>
            {found.slice(0, limit).map(({ key, value }) => (
              <tr key={key}>
                <th scope="row" dir="auto">
                  {key}
                </th>
                <td>
                  <LongText text={value} shown={600} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > limit && (
        <div>
          <Button onClick={() => setLimit(limit + 1000)}>Show more ({count(found.length - limit)} are left)</Button>
        </div>
      )}
    </section>
  );
}
