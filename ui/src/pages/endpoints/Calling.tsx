import { useState } from "react";

import { Code } from "~/shared/Code";
import { Tabs } from "~/shared/Tabs";

import { Section } from "./Section";

const HOW = [
  { value: "python", label: "Python" },
  { value: "curl", label: "curl" },
  { value: "serve", label: "Serve it" },
] as const;

type How = (typeof HOW)[number]["value"];

/** The lines that call an endpoint, by the address that `quire serve` has unless told otherwise. */
export function Calling({ name }: { name: string }) {
  const [how, setHow] = useState<How>("python");
  return (
    <Section title="Call it">
      <Tabs label="How to call it" tabs={HOW} value={how} choose={setHow} />
      <Code text={linesOf(name, how)} what="lines" />
      <p className="small muted">
        The address is where <code>quire serve</code> runs. Send <code>x-quire-key</code>, such as a user&rsquo;s id, so
        that a trial gives each user one arm.
      </p>
    </Section>
  );
}

function linesOf(name: string, how: How): string {
  switch (how) {
    case "python":
      return [
        "from openai import OpenAI",
        "",
        'client = OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="any")  # with --auth a token of Quire\'s',
        "answer = client.chat.completions.create(",
        `    model="${name}", messages=[{"role": "user", "content": "Hello"}], extra_headers={"x-quire-key": "user-1"}`,
        ")",
      ].join("\n");
    case "curl":
      return [
        "curl -s http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\",
        `  -H 'x-quire-key: user-1' -d '{"model": "${name}", "messages": [{"role": "user", "content": "Hello"}]}'`,
      ].join("\n");
    case "serve":
      return "quire serve";
  }
}
