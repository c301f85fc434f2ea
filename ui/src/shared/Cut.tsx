import css from "./Cut.module.css";

/** Text on one line, cut where there is no more room; the whole of it is in its title. */
export function Cut({ text, mono = false }: { text: string; mono?: boolean }) {
  const shown = text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  return (
    <span className={mono ? `${css.cut} mono` : css.cut} title={shown} dir="auto">
      {shown}
    </span>
  );
}
