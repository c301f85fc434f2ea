import css from "./Code.module.css";
import { CopyButton } from "./CopyButton";

/** A piece of code or a command, with a button that copies it. */
export function Code({ text, what = "code" }: { text: string; what?: string }) {
  return (
    <div className={css.code}>
      {/* Scrolls sideways, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} role="region" aria-label={what}>
        {text}
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
