import { type SelectHTMLAttributes, useEffect, useRef } from "react";

/** A choice among options. Where there is no room for all of the chosen one, its title tells it. */
export function Select(props: SelectHTMLAttributes<HTMLSelectElement>) {
  const place = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    if (place.current) place.current.title = place.current.selectedOptions[0]?.label ?? "";
  });
  return <select ref={place} {...props} />;
}
