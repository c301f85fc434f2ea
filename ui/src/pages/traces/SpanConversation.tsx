import { Conversation, messagesOf, toolsOf } from "~/shared/text/Conversation";
import { Json } from "~/shared/text/Json";

import { plain } from "~/shared/text/plain";

/** What went into a span and came out of it: as a conversation if it is one, else as JSON. */
export function SpanConversation(given: { inputs: unknown; outputs: unknown }) {
  const [inputs, outputs] = [said(given.inputs), said(given.outputs)];
  const asked = messagesOf(inputs);
  const answered = messagesOf(outputs);
  const tools = toolsOf(inputs);
  if (inputs === undefined && outputs === undefined) return <p className="muted">No content was recorded.</p>;
  return (
    <div className="stack">
      {tools.length > 0 && (
        <details>
          <summary className="small">
            {tools.length} {tools.length === 1 ? "tool" : "tools"}: {plain(tools.map(({ name }) => name).join(", "))}
          </summary>
          <Json value={tools.map(({ definition }) => definition)} />
        </details>
      )}
      {asked ? <Conversation messages={[...asked, ...(answered ?? [])]} /> : <Side title="Inputs" value={inputs} />}
      {answered ? !asked && <Conversation messages={answered} /> : <Side title="Outputs" value={outputs} />}
    </div>
  );
}

/** What JSON text says: some exporters send values so. */
function said(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function Side({ title, value }: { title: string; value: unknown }) {
  if (value === undefined) return null;
  return (
    <div className="stack">
      <h3>{title}</h3>
      <Json value={value} />
    </div>
  );
}
