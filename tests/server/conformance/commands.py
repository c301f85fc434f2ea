"""MLflow's own command line: what each command ends with, and what it prints."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import mlflow
from click.testing import CliRunner
from mlflow.cli import cli


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return [f"echo {item}" for item in model_input]


def calls(book, client):
    runner = CliRunner()

    def run(*words):
        done = runner.invoke(cli, [str(word) for word in words])
        kind = None if done.exception is None or isinstance(done.exception, SystemExit) else done.exception
        if isinstance(kind, mlflow.MlflowException):
            raise kind
        return [done.exit_code, done.output if done.exit_code == 0 else ""]

    def first(*words):
        """The first line printed, and that it ended well."""
        code, text = run(*words)
        return [code, (text.splitlines() or [""])[0]]

    def parsed(*words):
        code, text = run(*words)
        return [code, sorted(json.loads(text))]

    def ask(call, *words):
        shown = ["…" if len(str(word)) > 30 or word == experiment or "/" in str(word) else str(word) for word in words]
        return book.ask(f"command: {' '.join(shown)}", call, *words)

    name = f"command {book.unique} with a name of its own"
    run("experiments", "create", "-n", name)
    experiment = book.know_experiment(client.get_experiment_by_name(name).experiment_id, "experiment of commands")
    shown = lambda *words: run(*words)[0]  # noqa: E731 - ids and times are in its output
    for words in (
        ("experiments", "create", "-n", name), ("experiments", "search"), ("experiments", "search", "--view", "all"),
        ("experiments", "rename", "-x", experiment, "--new-name", f"{name} renamed"),
        ("experiments", "delete", "-x", experiment),
        ("experiments", "restore", "-x", experiment), ("experiments", "get", "-x", experiment),
        ("runs", "create", "--experiment-id", experiment, "--run-name", "made", "--tags", "a=b"),
        ("runs", "list", "--experiment-id", experiment), ("experiments", "delete", "-x", "987654321"),
    ):  # fmt: skip
        book.ask(f"command: {' '.join(words[:3])} {len(words)} {words[-1] == '987654321'}", shown, *words)
    made = client.search_runs([experiment])[0]
    run_id = book.know(made.info.run_id, "run of commands")
    book.outcomes["command: the run it made"] = book.plain([made.info.run_name, made.info.status, made.data.tags["a"]])
    ask(parsed, "runs", "describe", "--run-id", run_id)
    ask(first, "experiments", "csv", "-x", experiment)
    ask(shown, "runs", "delete", "--run-id", run_id)
    ask(shown, "runs", "restore", "--run-id", run_id)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file.txt").write_text("text")
        ask(shown, "artifacts", "log-artifact", "-l", f"{folder}/file.txt", "-r", run_id)
        ask(shown, "artifacts", "log-artifacts", "-l", folder, "-r", run_id, "-a", "all")
        book.ask(
            "command: artifacts list",
            lambda: sorted(item["path"] for item in json.loads(run("artifacts", "list", "-r", run_id)[1])),
        )
        book.ask(
            "command: artifacts download",
            lambda: Path(
                run("artifacts", "download", "-r", run_id, "-a", "all")[1].split()[-1], "file.txt"
            ).read_text(),
        )
    _traces(book, client, experiment, run_id, ask, shown, parsed)
    ask(shown, "datasets", "list", "--experiment-id", experiment)
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(name="echo", python_model=Echo(), pip_requirements=[])
    Path("in.json").write_text('{"inputs": ["a"]}')
    book.ask(
        "command: models predict",
        lambda: [
            run("models", "predict", "-m", info.model_uri, "-i", "in.json", "-o", "out.json", "--env-manager", "local")[
                0
            ],
            json.loads(Path("out.json").read_text()),
        ],
    )


def _traces(book, client, experiment, run_id, ask, shown, parsed):
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_span("commanded") as span:
        span.set_inputs({"a": 1})
    mlflow.flush_trace_async_logging()
    trace = book.know(span.trace_id, "trace of commands")
    ask(shown, "traces", "search", "--experiment-id", experiment)
    ask(
        shown, "traces", "search", "--experiment-id", experiment, "--filter-string", "status = 'OK'", "--output", "json"
    )
    ask(parsed, "traces", "get", "--trace-id", trace)
    ask(shown, "traces", "set-tag", "--trace-id", trace, "--key", "k", "--value", "v")
    ask(shown, "traces", "delete-tag", "--trace-id", trace, "--key", "k")
    ask(shown, "traces", "log-feedback", "--trace-id", trace, "--name", "good", "--value", "true")
    ask(shown, "traces", "log-expectation", "--trace-id", trace, "--name", "fact", "--value", "yes")
    judged = sorted(client.get_trace(trace).info.assessments, key=lambda item: item.name)
    ident = judged[1].assessment_id
    ask(parsed, "traces", "get-assessment", "--trace-id", trace, "--assessment-id", ident)
    ask(shown, "traces", "update-assessment", "--trace-id", trace, "--assessment-id", ident, "--value", "false")
    ask(shown, "traces", "delete-assessment", "--trace-id", trace, "--assessment-id", ident)
    ask(shown, "runs", "link-traces", "--run-id", run_id, "-t", trace)
    ask(shown, "traces", "delete", "--experiment-id", experiment, "--trace-ids", trace)
