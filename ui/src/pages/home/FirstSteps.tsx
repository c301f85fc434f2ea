import { base } from "~/api/client";
import { Code } from "~/shared/Code";

const SERVER = base.href.replace(/\/$/, "");

const TRACK = `import quire

quire.set_tracking_uri("${SERVER}")
with quire.start_run():
    quire.log_param("model", "gpt-4o-mini")
    quire.log_metric("accuracy", 0.87)`;

const TRACE = `import openai, quire

quire.set_tracking_uri("${SERVER}")
quire.openai.autolog()
openai.OpenAI().chat.completions.create(
    model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}]
)`;

const PROMPT = `import quire

quire.set_tracking_uri("${SERVER}")
quire.register_prompt("greeting", "Say hello to {{name}}.", commit_message="First")`;

/** What to do first, while the store holds nothing. */
export function FirstSteps() {
  return (
    <div className="stack">
      <p>This store is empty. Each of these puts something into it, and it appears here by itself.</p>
      <section className="card stack" aria-labelledby="first-run">
        <h2 id="first-run">Track a run</h2>
        <Code text={TRACK} what="code that tracks a run" />
      </section>
      <section className="card stack" aria-labelledby="first-trace">
        <h2 id="first-trace">Trace every OpenAI call of a program</h2>
        <Code text={TRACE} what="code that traces calls" />
      </section>
      <section className="card stack" aria-labelledby="first-prompt">
        <h2 id="first-prompt">Register a prompt</h2>
        <Code text={PROMPT} what="code that registers a prompt" />
      </section>
      <p className="muted">
        Runs of an MLflow database come over with <code>quire import-mlflow</code>. Without a key for a service,{" "}
        <code>quire simulate</code> stands in for it.
      </p>
    </div>
  );
}
