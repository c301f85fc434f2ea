import type { ButtonHTMLAttributes } from "react";

import css from "./Button.module.css";

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { look?: "plain" | "primary" | "danger" | "quiet" };

export function Button({ look = "plain", className, type = "button", ...rest }: Props) {
  return <button type={type} className={[css.button, css[look], className].filter(Boolean).join(" ")} {...rest} />;
}
