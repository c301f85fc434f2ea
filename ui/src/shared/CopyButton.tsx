import { Check, Copy } from "lucide-react";
import { useState } from "react";

import { Button } from "./Button";

/** Copies a text. `what` says what it is, for people who do not see the picture: "run id". */
export function CopyButton({ text, what, label }: { text: string | (() => string); what: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(typeof text === "string" ? text : text()).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <Button look={label === undefined ? "quiet" : "plain"} onClick={copy} title={`Copy the ${what}`}>
      {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      {label === undefined ? (
        <span className="visually-hidden">{copied ? "Copied" : `Copy the ${what}`}</span>
      ) : copied ? (
        "Copied"
      ) : (
        label
      )}
    </Button>
  );
}
