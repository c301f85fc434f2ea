"""What MLflow's users have met and must not meet here; each test names the issue of MLflow's."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}


def test_a_trace_belongs_to_the_run_in_which_it_began(
    recorded: Recorded, client: openai.OpenAI, store: str, tmp_path: Path
) -> None:
    """mlflow#13608: a trace was linked to whatever run was active when it was written."""
    with quire.start_run() as first:
        stream = client.chat.completions.create(**ASKED, stream=True)
    with quire.start_run():
        list(stream)
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
    quire.tracing.flush()
    quire.set_tracking_uri(store)
    found = quire.search_traces([first.info.experiment_id], run_id=first.info.run_id, return_type="list")
    assert [trace.info.trace_metadata["mlflow.sourceRun"] for trace in found] == [first.info.run_id]


def test_runs_of_two_threads_keep_their_traces(recorded: Recorded, client: openai.OpenAI) -> None:
    """mlflow#13608."""
    runs: dict[str, str] = {}

    def work(name: str) -> None:
        with quire.start_run(run_name=name, nested=True) as run:
            runs[name] = run.info.run_id
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": name}])

    threads = [threading.Thread(target=work, args=(f"run {index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = {
        trace.data.spans[0].inputs["messages"][0]["content"]: trace.info.trace_metadata["mlflow.sourceRun"]
        for trace in recorded.traces()
    }
    assert said == runs


def test_the_usage_of_an_agent_counts_once(recorded: Recorded, client: openai.OpenAI) -> None:
    """mlflow#24059: an agent's own token counts were missing from the trace's."""
    with quire.start_span("agent", span_type="AGENT") as agent:
        client.chat.completions.create(**ASKED)
        agent.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 90, "output_tokens": 10, "total_tokens": 100})
    with quire.start_span("agent", span_type="AGENT"):
        client.chat.completions.create(**ASKED)
        client.chat.completions.create(**ASKED)
    counted, summed = recorded.traces()
    assert counted.info.token_usage["total_tokens"] == 100
    calls = [span.attributes["mlflow.chat.tokenUsage"] for span in summed.data.spans if span.parent_id]
    assert summed.info.token_usage["total_tokens"] == sum(usage["total_tokens"] for usage in calls)


def test_a_prediction_leaves_tracing_on(
    recorded: Recorded, service: Simulator, client: openai.OpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mlflow#13765: tracing was silently off inside of an evaluation."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    quire.openai.save_model(
        path=str(tmp_path / "m"),
        model="gpt-4o-mini",
        task="chat.completions",
        messages=[{"role": "user", "content": "{x}"}],
    )
    model = quire.pyfunc.load_model(tmp_path / "m")
    assert quire.tracing.is_enabled()
    with pytest.raises(quire.QuireError):
        model.predict(["cats"], params={"nonsense": 1})
    model.predict(["cats"])
    assert quire.tracing.is_enabled()
    client.chat.completions.create(**ASKED)
    assert len(recorded.spans()) == 2


PROGRAM = """
import gc, openai, quire, sys
quire.set_tracking_uri(sys.argv[1])
quire.set_experiment(sys.argv[2])
quire.openai.autolog()
client = openai.OpenAI(base_url=sys.argv[3], api_key="any")
asked = dict(model="gpt-4o-mini", messages=[dict(role="user", content="Say hello")])
kept = client.chat.completions.create(**asked, stream=True)
next(kept); next(kept)
span = quire.start_span_no_context("root")
with quire.start_span("outer"):
    inner = client.chat.completions.create(**asked, stream=True)
    next(inner)
raw = client.chat.completions.with_streaming_response.create(**asked, stream=True).__enter__()
lines = raw.iter_lines()
next(lines)
class Holder: pass
holder = Holder(); holder.me = holder
with quire.start_span("collected"):
    holder.stream = client.chat.completions.create(**asked, stream=True)
    next(holder.stream)
del holder; gc.collect()
quire.openai.autolog(disable=True)
del client
"""


def test_what_a_program_leaves_open_ends_with_it(recorded: Recorded, service: Simulator, store: str) -> None:
    """mlflow#13352: traces stayed in progress for ever. mlflow#22723: wrappers made noise when they were collected."""
    experiment = quire.set_experiment("left open").name
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", PROGRAM, store, experiment, service.base_url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    traces = recorded.traces()
    assert sorted(trace.data.spans[0].name for trace in traces) == [
        "Completions",
        "Completions",
        "collected",
        "outer",
        "root",
    ]
    assert {trace.info.state for trace in traces} == {"OK"}
    assert all(span.end_time_ns for span in recorded.spans())
    texts = [span.outputs for span in recorded.spans() if span.name == "Completions"]
    assert [output and output["choices"][0]["message"]["role"] for output in texts] == [
        "assistant",
        "assistant",
        None,
        "assistant",
    ]
