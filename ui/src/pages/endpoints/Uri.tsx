import { Link } from "@tanstack/react-router";

import { Cut } from "~/shared/Cut";

const VERSION = /^(models|prompts):\/([^/@]+)\/(\d+)$/;
const NAMED = /^(models|prompts):\/([^/@]+)@/;

/** The URI of a model or prompt, which leads to its page where it names a registered one. */
export function Uri({ uri }: { uri: string }) {
  const [, kind, name = "", version = ""] = VERSION.exec(uri) ?? NAMED.exec(uri) ?? [];
  if (kind === "models" && version) {
    return (
      <Link to="/models/$name/versions/$version" params={{ name, version }}>
        <Cut text={uri} />
      </Link>
    );
  }
  if (kind === "models") {
    return (
      <Link to="/models/$name" params={{ name }}>
        <Cut text={uri} />
      </Link>
    );
  }
  if (kind === "prompts") {
    return (
      <Link to="/prompts/$name" params={{ name }}>
        <Cut text={uri} />
      </Link>
    );
  }
  return <Cut text={uri} />;
}
