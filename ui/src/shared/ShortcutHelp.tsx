import { useMemo, useState } from "react";

import { Modal } from "./Modal";
import { useAllShortcuts, useShortcuts } from "./shortcuts";

/** The list of shortcuts, shown by `?`. */
export function ShortcutHelp() {
  const [open, setOpen] = useState(false);
  useShortcuts(
    useMemo(() => [{ keys: "?", does: "Show the shortcuts", run: () => setOpen(true) }], []),
    "Everywhere",
  );
  const groups = useAllShortcuts();
  const names = [...new Set(groups.map(({ name }) => name))];
  return (
    <Modal title="Keyboard shortcuts" open={open} close={() => setOpen(false)}>
      {names.map((name) => (
        <section key={name} className="stack">
          <h3>{name}</h3>
          <table>
            <tbody>
              {groups
                .filter((group) => group.name === name)
                .flatMap((group) => group.shortcuts)
                .map(({ keys, does }) => (
                  <tr key={keys}>
                    <td>
                      {keys.split(" ").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </td>
                    <td>{does}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      ))}
    </Modal>
  );
}
