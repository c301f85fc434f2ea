"""Turning autologging on and off, as MLflow means it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import openai
import pytest
from openai._base_client import AsyncAPIClient, SyncAPIClient

import quire
from quire.openai.autologging import is_installed
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}


def sdk_as_it_is() -> list[dict[str, Any]]:
    kinds: list[Any] = [SyncAPIClient, AsyncAPIClient, openai.Stream, openai.AsyncStream, openai.OpenAI]
    return [dict(kind.__dict__) for kind in kinds]


@pytest.mark.parametrize("off", [{"disable": True}, {"log_traces": False}], ids=str)
def test_turned_off_it_leaves_the_sdk_as_it_was_found(off: dict[str, Any]) -> None:
    quire.openai.autolog(disable=True)
    before, finders = sdk_as_it_is(), list(sys.meta_path)
    quire.openai.autolog()
    quire.openai.autolog()
    assert sdk_as_it_is() != before
    assert is_installed()
    quire.openai.autolog(**off)
    assert sdk_as_it_is() == before
    assert sys.meta_path == finders
    assert not is_installed()


def test_installed_twice_it_records_once(recorded: Recorded, client: openai.OpenAI) -> None:
    quire.openai.autolog()
    client.chat.completions.create(**ASKED)
    assert len(recorded.spans()) == 1


def test_clients_made_before_are_watched_and_then_no_more(
    recorded: Recorded, service: Simulator, client: openai.OpenAI
) -> None:
    quire.openai.autolog(disable=True)
    with openai.OpenAI(base_url=service.base_url, api_key="any") as early:
        quire.openai.autolog()
        early.chat.completions.create(**ASKED)
        quire.openai.autolog(disable=True)
        early.chat.completions.create(**ASKED)
        client.chat.completions.create(**ASKED)
    assert len(recorded.spans()) == 1


def test_a_stream_under_way_is_recorded_to_its_end(recorded: Recorded, client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(**ASKED, stream=True)
    quire.openai.autolog(disable=True)
    list(stream)
    assert recorded.span().outputs["choices"][0]["finish_reason"] == "stop"


def test_threads_do_not_meet(recorded: Recorded, client: openai.OpenAI) -> None:
    def work(name: str) -> None:
        with quire.start_span(name):
            for _ in range(5):
                client.chat.completions.create(**ASKED)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traces = recorded.traces()
    assert sorted(trace.data.spans[0].name for trace in traces) == ["one", "two"]
    for trace in traces:
        (root,) = [span for span in trace.data.spans if span.parent_id is None]
        assert [span.parent_id for span in trace.data.spans if span is not root] == [root.span_id] * 5


def test_installed_by_two_threads_at_once_it_can_be_undone() -> None:
    quire.openai.autolog(disable=True)
    before = sdk_as_it_is()
    threads = [threading.Thread(target=quire.openai.autolog) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quire.openai.autolog(disable=True)
    assert sdk_as_it_is() == before


def test_exclusive_traces_belong_to_no_run_that_the_program_began(recorded: Recorded, client: openai.OpenAI) -> None:
    with quire.start_run() as run:
        client.chat.completions.create(**ASKED)
        quire.openai.autolog(exclusive=True)
        client.chat.completions.create(**ASKED)
    runs = [trace.info.trace_metadata.get("mlflow.sourceRun") for trace in recorded.traces()]
    assert runs == [run.info.run_id, None]


def test_content_can_be_left_out(recorded: Recorded, client: openai.OpenAI) -> None:
    quire.openai.autolog(capture_content=False)
    client.chat.completions.create(**ASKED)
    span = recorded.span()
    assert span.inputs["messages"][0]["content"] == "<9 characters>"
    assert span.outputs["choices"][0]["message"]["content"].endswith(" characters>")
    assert span.attributes["mlflow.chat.tokenUsage"]["total_tokens"] > 0
    assert "quire.shapes_only" not in span.attributes


def test_silence(recorded: Recorded, client: openai.OpenAI, caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    monkeypatch.setattr("quire.openai.autologging.watching.begin", None)
    for silent in (False, True):
        caplog.clear()
        quire.openai.autolog(silent=silent)
        client.chat.completions.create(**ASKED)
        assert [record.levelno for record in caplog.records if record.name == "quire"] == [logging.WARNING][silent:]


def test_versions_that_are_not_tested(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "__version__", "4.0.0")
    quire.openai.autolog(disable_for_unsupported_versions=True)
    assert not is_installed()
    assert "this is 4.0.0. It is left alone." in caplog.text
    quire.openai.autolog()
    assert is_installed()
    monkeypatch.setattr(openai, "__version__", "1.17.0")
    quire.openai.autolog(disable_for_unsupported_versions=True)
    assert is_installed()
    quire.openai.autolog(disable=True)


def test_what_is_said_by_name_counts_more_than_what_is_said_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from quire.openai.autologging import switch
    from quire.openai.autologging.options import options

    monkeypatch.setattr(switch, "told_by_name", switch.told_by_name)
    quire.autolog(disable=True)
    quire.autolog(exclude_flavors=["openai"])
    assert not is_installed()
    quire.autolog(exclusive=True, log_models=False)
    assert is_installed()
    assert options().exclusive
    quire.openai.autolog(silent=True)
    quire.autolog(exclusive=True)
    assert not options().exclusive
    assert options().silent
    quire.autolog(disable=True)
    assert not is_installed()


LATER = """
import sys, quire
finders = list(sys.meta_path)
quire.autolog()
assert "openai" not in sys.modules
import openai
from openai._base_client import SyncAPIClient
assert SyncAPIClient.request.__module__ == "openai._base_client", "a wrapper has the name of what it wraps"
assert hasattr(SyncAPIClient.request, "__wrapped__")
quire.autolog(disable=True)
assert not hasattr(SyncAPIClient.request, "__wrapped__")
assert sys.meta_path == finders, sys.meta_path
"""


def test_everything_waits_for_the_sdk_to_be_imported(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", LATER], check=True, cwd=tmp_path)
