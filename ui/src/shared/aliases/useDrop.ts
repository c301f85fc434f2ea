import { type DragEvent, useState } from "react";

import { carried, carries } from "./carrying";

/** What makes an element a version onto which an alias can be dropped. */
export function useDrop(dropped: (alias: string) => void) {
  const [over, setOver] = useState(false);
  return {
    "data-over": over,
    onDragOver: (event: DragEvent) => {
      if (!carries(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      const alias = carried(event.dataTransfer);
      if (!alias) return;
      event.preventDefault();
      dropped(alias);
    },
  };
}
