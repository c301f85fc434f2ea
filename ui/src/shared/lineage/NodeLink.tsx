import { Link, linkOptions } from "@tanstack/react-router";

import type { Schemas } from "~/api/types";

import { CopyButton } from "../CopyButton";

type Node = Schemas["LineageNode"];

/** Where a node of a lineage leads; undefined for what has no page of its own. */
export function linkTo(node: Node) {
  switch (node.kind) {
    case "prompt":
      return linkOptions({
        to: "/prompts/$name",
        params: { name: node.key },
        search: node.version ? { version: Number(node.version) } : {},
      });
    case "model_version":
      return linkOptions({
        to: "/models/$name/versions/$version",
        params: { name: node.key, version: node.version ?? "1" },
      });
    case "run":
      return linkOptions({ to: "/runs/$runId", params: { runId: node.key } });
    case "evaluation":
      return linkOptions({ to: "/evaluations/$runId", params: { runId: node.key } });
    case "endpoint":
      return linkOptions({ to: "/endpoints/$name", params: { name: node.key } });
    case "model":
      return undefined;
  }
}

/** A node of a lineage as a link; a logged model, which has no page, with the URI that loads it. */
export function NodeLink({ node }: { node: Node }) {
  const target = linkTo(node);
  if (target) {
    return (
      <Link {...target}>
        <bdi>{node.title}</bdi>
      </Link>
    );
  }
  return (
    <>
      <bdi>{node.title}</bdi> <CopyButton text={`models:/${node.key}`} what="URI of the logged model" />
    </>
  );
}
