import { type ReactNode, useMemo } from "react";
import Rendered from "react-markdown";
import remarkGfm from "remark-gfm";

import css from "./Markdown.module.css";
import { markMentions } from "./mentions";
import { plain } from "./plain";

const NOBODY: readonly string[] = [];

type Props = {
  text: string;
  /** Whom the text mentions; "all": whoever stands after an @. */
  mentions?: readonly string[] | "all";
  /** Who looks at it: a mention of them is marked as theirs. */
  you?: string;
};

/**
 * Markdown that a person wrote: a comment, a description. HTML in it is text, links lead to http, https, mailto or
 * pages here, and pictures are shown as links, so that nothing is fetched by looking.
 */
export function Markdown({ text, mentions = NOBODY, you = "" }: Props) {
  const plugins = useMemo(
    () => [remarkGfm, markMentions((name) => mentions === "all" || mentions.includes(name))],
    [mentions],
  );
  return (
    <div className={css.markdown} dir="auto">
      <Rendered
        remarkPlugins={plugins}
        components={{
          a: ({ href, children }) => (
            <a href={href} rel="noreferrer nofollow noopener" {...(href?.startsWith("http") && { target: "_blank" })}>
              {children}
            </a>
          ),
          // Only mentions are spans: HTML that somebody wrote is text.
          span: ({ node, children }) => (
            <Mention name={String(node?.properties["dataMention"])} you={you} text={children} />
          ),
          img: ({ src, alt }) => <Outside href={src} text={alt ?? "picture"} />,
        }}
      >
        {plain(text)}
      </Rendered>
    </div>
  );
}

/** Somebody's name in a text; one's own stands out more. */
function Mention({ name, you, text }: { name: string; you: string; text: ReactNode }) {
  const isOwn = name === you;
  return (
    <span
      className={isOwn ? `${css.mention} ${css.own}` : css.mention}
      title={isOwn ? `You, ${name}` : name}
      dir="auto"
    >
      {text}
    </span>
  );
}

function Outside({ href, text }: { href: unknown; text: string }) {
  if (typeof href !== "string" || !href) return <>{text}</>;
  return (
    <a href={href} rel="noreferrer nofollow noopener" target="_blank">
      {text}
    </a>
  );
}
