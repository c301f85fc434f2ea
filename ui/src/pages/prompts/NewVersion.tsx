import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";

import { Editor } from "./Editor";
import { versionQuery } from "./queries";

/** A new version that begins as the one that was chosen when it was begun, whatever newer ones come meanwhile. */
export function NewVersion({ name, version: chosen }: { name: string; version: number }) {
  const [version] = useState(chosen);
  const found = useQuery(versionQuery(name, version));
  const navigate = useNavigate();
  if (!found.data) {
    if (found.isError) return <Failure error={found.error} again={() => void found.refetch()} />;
    return <Loading what="the version" />;
  }
  const cancel = () => void navigate({ to: "/prompts/$name", params: { name }, search: { version } });
  return <Editor name={name} base={found.data.version} cancel={cancel} />;
}
