import { Link, useLocation } from "@tanstack/react-router";
import {
  BookText,
  ChartLine,
  FlaskConical,
  House,
  ListChecks,
  MessagesSquare,
  Package,
  Radio,
  Route,
  Scale,
  Settings,
} from "lucide-react";
import { useState } from "react";

import { Account } from "./Account";
import css from "./Navigation.module.css";
import { ThemeChoice } from "./ThemeChoice";

/**
 * The places of the interface, in the order of the navigation; `key` follows `g` on the keyboard, and `also` begins
 * other addresses that belong there.
 */
export const PLACES = [
  { to: "/", label: "Home", key: "h", icon: House },
  { to: "/runs", label: "Runs", key: "r", icon: ChartLine, also: "/compare" },
  { to: "/prompts", label: "Prompts", key: "p", icon: BookText },
  { to: "/playground", label: "Playground", key: "y", icon: FlaskConical },
  { to: "/evaluations", label: "Evaluations", key: "e", icon: Scale },
  { to: "/traces", label: "Traces", key: "t", icon: Route },
  { to: "/review", label: "Review", key: "v", icon: ListChecks },
  { to: "/endpoints", label: "Endpoints", key: "n", icon: Radio, also: "/trials" },
  { to: "/models", label: "Models", key: "m", icon: Package },
  { to: "/settings", label: "Settings", key: "s", icon: Settings },
] as const;

export function Navigation({ live }: { live: boolean }) {
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  return (
    <header className={css.bar} data-open={open}>
      <div className={css.top}>
        <Link to="/" className={css.brand}>
          <MessagesSquare size={18} aria-hidden /> Quire
        </Link>
        <button type="button" className={css.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
          Menu
        </button>
      </div>
      <nav aria-label="Places" className={css.places}>
        {PLACES.map(({ to, label, icon: Icon, ...place }) => (
          <Link
            key={to}
            to={to}
            className={css.place}
            activeOptions={{ exact: to === "/" }}
            onClick={() => setOpen(false)}
            {...("also" in place && pathname.startsWith(place.also) && { "aria-current": "page" })}
          >
            <Icon size={16} aria-hidden /> {label}
          </Link>
        ))}
      </nav>
      <div className={css.foot}>
        <Account />
        <ThemeChoice />
        <p className={css.live} role="status">
          {live ? "Live" : "Not live: the server cannot be reached"}
        </p>
      </div>
    </header>
  );
}
