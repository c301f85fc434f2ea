import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

import { Button } from "./Button";

type Props = { title: string; open: boolean; close: () => void; children: ReactNode };

/** A dialog over the page. Escape closes it, and the keyboard stays inside. */
export function Modal({ title, open, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before the window is painted: else the dialog is seen empty for a moment when it closes.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (open && shown && !shown.open) shown.showModal();
    if (!open && shown?.open) shown.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onClose={(event) => {
        // React tells a dialog of the closing of those inside of it too.
        if (event.target === event.currentTarget) close();
      }}
    >
      {open && (
        <div className="stack">
          <div className="row">
            <h2 id={heading} className="grow">
              {title}
            </h2>
            <Button look="quiet" onClick={close} aria-label="Close">
              ✕
            </Button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
