"""What is kept, and where: nothing lost, nothing that may not be kept, never an error in the program's own code."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

import quire
from quire import tracing
from quire.domain.errors import InvalidInput, QuireError, Unavailable
from quire.tracing import beginning, cleaning, destination, exporter, live, operations, values, writing
from quire.tracing.finished import FinishedSpan, FinishedTrace
from quire.tracking import outbox, outboxes
from quire.tracking.spill import Spill
from tests.eventually import eventually
from tests.quire_server import QuireServer
from tests.tracing.conftest import last_trace, names_by_parent

KEY = "sk-proj-abcdefghijklmnopqrstuvwx"


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireServer]:
    with QuireServer(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def server(_server: QuireServer) -> QuireServer:
    """A server that runs when the test begins, with an active experiment of the test's own."""
    if _server._process is None:
        _server.start()
    quire.set_tracking_uri(_server.url)
    quire.set_experiment(uuid.uuid4().hex)
    return _server


def on_disk(tmp_path: Path) -> bytes:
    """All that waits on disk, and all that the store holds."""
    return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "log" not in path.suffix)


def make(count: int, name: str = "s", size: int = 10) -> None:
    for number in range(count):
        with quire.start_span(f"{name} {number}") as span:
            span.set_inputs("x" * size)


def names() -> set[str]:
    found = quire.search_traces(include_spans=False, return_type="list")
    return {trace.info.tags["mlflow.traceName"] for trace in found}


# -- where a trace goes ----------------------------------------------------------------------------


def test_a_trace_goes_where_it_began_though_all_changes_later(tmp_path: Path) -> None:
    first = quire.set_experiment("first").experiment_id
    with quire.start_run() as run:
        span = quire.start_span_no_context("late")
    quire.set_experiment("second")
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/elsewhere.db")
    with quire.start_span("elsewhere"):
        pass
    span.end()
    assert [trace.info.experiment_id for trace in quire.search_traces(return_type="list")] == ["0"]
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    (found,) = quire.search_traces([first], return_type="list")
    assert found.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
    assert found.trace_id == span.trace_id


def test_an_experiment_of_the_environment_is_made_when_the_trace_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from outside")
    with quire.start_span("s"):
        pass
    assert last_trace().info.experiment_id == quire.get_experiment_by_name("from outside").experiment_id  # type: ignore[union-attr]
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    with quire.start_span("s"):
        pass
    assert last_trace().info.experiment_id == "0"


def test_a_trace_of_an_experiment_that_there_is_not_is_kept_in_the_default_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QUIRE_EXPERIMENT_ID", "12345")
    with quire.start_span("s"):
        pass
    assert last_trace().info.experiment_id == "0"
    assert "default experiment instead" in caplog.text


def test_a_relative_store_is_that_of_the_folder_in_which_the_trace_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quire.set_tracking_uri(None)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        with quire.start_span(f"in {folder}"):
            pass
    tracing.flush()
    assert names() == {"in b"}
    monkeypatch.chdir(tmp_path / "a")
    assert names() == {"in a"}


def test_the_origin_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for team in ("a", "b"):
        monkeypatch.setenv("MLFLOW_RUN_CONTEXT", f'{{"team": "{team}"}}')
        with quire.start_span("s"):
            pass
        assert last_trace().info.trace_metadata["team"] == team


# -- what may not be kept --------------------------------------------------------------------------


def say_secrets() -> None:
    with suppress(ValueError), quire.start_span(f"name {KEY}") as span:
        quire.update_current_trace(
            tags={"tag": KEY}, metadata={"meta": KEY}, request_preview=KEY, client_request_id=KEY
        )
        span.set_inputs({"headers": {"Authorization": "Bearer abcdefgh12345678"}, "text": f"my key is {KEY}"})
        span.set_outputs([KEY])
        span.set_attributes({"api_key": "plain-but-secret-1", "nested": {"deep": KEY}})
        span.add_event("event", {"cookie": "session=abcdef123456", "said": KEY})
        raise ValueError(KEY)


SECRETS = [KEY.encode(), b"abcdefgh12345678", b"plain-but-secret-1", b"session=abcdef123456"]


def test_no_credential_reaches_a_store(tmp_path: Path) -> None:
    say_secrets()
    text = last_trace().to_json()
    assert "[REDACTED]" in text
    outboxes.close_all(0)
    held = on_disk(tmp_path)
    assert [secret for secret in SECRETS if secret in held or secret.decode() in text] == []


def test_no_credential_reaches_the_disk_while_the_store_is_away(server: QuireServer, tmp_path: Path) -> None:
    server.stop()
    say_secrets()
    outboxes.close_all(0)
    held = on_disk(tmp_path / "outbox")
    assert b"REDACTED" in held
    assert [secret for secret in SECRETS if secret in held] == []


def test_without_content_only_shapes_and_counts_are_kept(tmp_path: Path) -> None:
    tracing.configure(content=False)
    with suppress(ValueError), quire.start_span("s") as span:
        quire.update_current_trace(request_preview="private words")
        span.set_inputs({"messages": [{"role": "user", "content": "private words"}], "n": 5151, "vector": [0.5] * 9})
        span.set_outputs("private words")
        span.set_attributes(
            {
                "said": "private words",
                "tools": [{"name": "private words"}],
                "mlflow.llm.model": "gpt-4o",
                "mlflow.chat.tokenUsage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
                "gen_ai.request.temperature": 0.5,
            }
        )
        raise ValueError("private words")
    trace = last_trace()
    stored = trace.data.spans[0]
    assert stored.inputs == {
        "messages": [{"role": "<4 characters>", "content": "<13 characters>"}],
        "n": "<a number>",
        "vector": "<9 numbers>",
    }
    assert (stored.outputs, stored.model_name, stored.token_usage) == (
        "<13 characters>",
        "gpt-4o",
        {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    )
    assert stored.status.description == "ValueError"
    assert stored.events[0].attributes["exception.type"] == "builtins.ValueError"
    assert stored.attributes["gen_ai.request.temperature"] == 0.5
    outboxes.close_all(0)
    assert b"private" not in on_disk(tmp_path)


def test_hooks_change_what_is_kept_of_a_span() -> None:
    def hide(span: dict[str, Any]) -> None:
        span["inputs"]["name"] = "***"
        span["attributes"].pop("address", None)
        for event in span["events"]:
            event["attributes"].clear()

    given = {"name": "Ada"}
    tracing.configure(redact=[hide, lambda span: span.update(outputs=object)])
    with quire.start_span("s", attributes={"address": "somewhere"}) as span:
        span.set_inputs(given)
        span.add_event("e", {"name": "Ada"})
    stored = last_trace().data.spans[0]
    assert stored.inputs == {"name": "***"}
    assert given == {"name": "Ada"}
    assert "Ada" not in last_trace().to_json()
    assert "address" not in stored.attributes
    assert stored.outputs == "<class 'object'>"


def test_a_hook_that_fails_loses_neither_the_span_nor_keeps_its_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(span: dict[str, Any]) -> None:
        span["outputs"] = "half done"
        raise RuntimeError(f"cannot read {span['inputs']}")

    tracing.configure(redact=broken)
    with suppress(ValueError), quire.start_span("s", attributes={"a": "private"}) as span:
        span.set_inputs("private")
        span.set_attribute("mlflow.llm.model", "gpt-4o")
        raise ValueError("private")
    trace = last_trace()
    stored = trace.data.spans[0]
    assert (stored.inputs, stored.outputs, stored.model_name) == (None, None, "gpt-4o")
    assert stored.get_attribute("quire.redaction_failed") == "RuntimeError"
    assert "private" not in trace.to_json()
    assert "private" not in caplog.text
    assert "RuntimeError" in caplog.text
    outboxes.close_all(0)
    assert b"private" not in on_disk(tmp_path)


def test_a_hook_is_applied_once_though_the_trace_was_on_disk(server: QuireServer) -> None:
    tracing.configure(redact=lambda span: span.update(inputs=f"<{span['inputs']}>"))
    server.stop()
    make(3, size=1)
    eventually(lambda: sum(outbox._spill.count for outbox in exporter._outboxes.all()) == 3)
    tracing.reset()
    server.start()
    tracing.flush()
    assert {trace.data.spans[0].inputs for trace in quire.search_traces(return_type="list")} == {"<x>"}


def test_a_trace_that_cannot_be_cleaned_waits_on_disk_without_its_content(
    server: QuireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    monkeypatch.setattr(cleaning, "redact_value", fail)
    make(3, "private")
    outboxes.close_all(0)
    held = on_disk(tmp_path / "outbox")
    assert held
    assert b"private" not in held
    monkeypatch.undo()
    quire.set_tracking_uri(server.url)
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    server.start()
    make(1, "next")
    tracing.flush()
    assert len(quire.search_traces(return_type="list")) == 4


# -- sampling --------------------------------------------------------------------------------------


def test_of_a_sample_errors_slow_ones_and_those_of_the_rule_are_kept() -> None:
    tracing.configure(sample_rate=0.0, slow_seconds=5.0, keep=lambda spans: spans[-1].name == "wanted")
    make(20)
    with quire.start_span("wanted"), quire.start_span("inner"):
        pass
    slow = quire.start_span_no_context("slow", start_time_ns=10**18)
    slow.end(10**18 + 6 * 10**9)
    with pytest.raises(KeyError), quire.start_span("failed"), quire.start_span("inner"):
        raise KeyError
    with quire.start_span("failed inside"):
        quire.start_span_no_context("inner", parent_span=quire.get_current_active_span()).end(status="ERROR")
    assert names() == {"wanted", "slow", "failed", "failed inside"}
    assert len(quire.search_traces(filter_string="trace.name = 'wanted'", return_type="list")[0].data.spans) == 2
    with pytest.raises(InvalidInput):
        tracing.configure(sample_rate=2)


def test_a_rate_keeps_about_that_share() -> None:
    tracing.configure(sample_rate=0.25)
    make(400)
    assert 50 < len(names()) < 150


# -- a store that is away --------------------------------------------------------------------------


@pytest.mark.parametrize("away", [1, pytest.param(60, marks=pytest.mark.slow)])
def test_a_server_that_is_away_for_a_while_loses_nothing(server: QuireServer, tmp_path: Path, away: int) -> None:
    make(20, "before")
    server.kill()
    end = time.monotonic() + away
    make(200, "during")
    while time.monotonic() < end:
        time.sleep(0.1)
    eventually(lambda: any((tmp_path / "outbox").glob("*.db")))
    make(5, "after")
    server.start()
    tracing.flush()
    assert len(names()) == 225
    assert tracing.dropped() == 0
    assert not list((tmp_path / "outbox").glob("*.db"))


def test_what_finds_no_room_while_the_store_is_away_is_counted_and_said(
    server: QuireServer, caplog: pytest.LogCaptureFixture
) -> None:
    tracing.configure(spill_mb=0.1)
    server.kill()
    make(1, "first")
    while not any(outbox._away for outbox in exporter._outboxes.all()):
        time.sleep(0.02)
    make(99, size=2000)
    dropped = tracing.dropped()
    assert 20 < dropped < 80
    assert "1 traces for the store" in caplog.text
    assert "The 104,857 bytes that may wait on disk are full." in caplog.text
    server.start()
    tracing.flush()
    assert len(names()) == 100 - dropped
    outboxes.close_all(1)
    assert f"{dropped} traces were dropped" in caplog.text


def test_memory_that_is_full_goes_to_disk_and_all_of_it_arrives(
    server: QuireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_WEIGHT", 50_000)
    server.freeze()
    try:
        make(500, size=1000)
        assert all(item._weight <= 50_000 for item in exporter._outboxes.all())
    finally:
        server.thaw()
    tracing.flush()
    assert len(names()) == 500


def test_a_disk_that_is_full_while_the_store_is_away_is_said_and_does_no_harm(
    server: QuireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "file"))
    monkeypatch.setattr(outbox, "MAX_WEIGHT", 20_000)
    server.freeze()
    try:
        make(100, size=1000)
        assert tracing.dropped() > 50
        assert "cannot be kept in" in caplog.text
    finally:
        server.thaw()
    tracing.flush()
    assert len(names()) == 100 - tracing.dropped()


def test_two_stores_of_one_program_do_not_wait_for_each_other(server: QuireServer, tmp_path: Path) -> None:
    server.stop()
    make(3, "away")
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    make(3, "here")
    assert names() == {"here 0", "here 1", "here 2"}
    server.start()
    tracing.flush()
    quire.set_tracking_uri(server.url)
    assert names() == {"away 0", "away 1", "away 2"}


def test_whatever_is_put_while_the_thread_falls_asleep_is_brought(tmp_path: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    kind = exporter._of_traces()
    kind.linger = kind.most_linger = 0.0  # type: ignore[misc]
    box = outbox.Outbox(f"sqlite:///{tmp_path}/quire.db", kind)
    trace = FinishedTrace(trace_id=b"", experiment_id="0", spans=[])
    brought: list[FinishedTrace] = []
    kind.perform = lambda _, delivery: brought.extend(delivery.traces)  # type: ignore[method-assign]

    for number in range(3000):
        box.put(msgspec.structs.replace(trace, trace_id=number.to_bytes(16)), 10)
        end = time.monotonic() + 20
        while len(brought) == number and time.monotonic() < end:
            time.sleep(0)  # and nobody asks for it
        assert len(brought) == number + 1
    box.close(5)


def test_what_is_put_in_the_moment_between_two_looks_does_not_end_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = exporter._of_traces()
    brought: list[FinishedTrace] = []
    kind.perform = lambda _, delivery: brought.extend(delivery.traces)  # type: ignore[method-assign]
    trace = FinishedTrace(trace_id=b"", experiment_id="0", spans=[])
    look, late = outbox.Outbox._take_in, [number.to_bytes(16) for number in range(3)]

    def looks_and_then_one_comes(box: outbox.Outbox[Any]) -> None:
        look(box)
        if late and threading.current_thread().name == "quire-outbox":
            box._inbox.append(msgspec.structs.replace(trace, trace_id=late.pop()))

    monkeypatch.setattr(outbox.Outbox, "_take_in", looks_and_then_one_comes)
    box = outbox.Outbox(f"sqlite:///{tmp_path}/quire.db", kind)
    eventually(lambda: not late)
    box.put(msgspec.structs.replace(trace, trace_id=b"after them"), 10)
    assert box.flush(10)
    assert len(brought) == 4
    box.close(5)


def test_a_disk_that_cannot_be_read_for_a_moment_ends_nothing(
    server: QuireServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    make(3)
    assert not exporter._outboxes.all()[0].flush(30, while_away=False)
    read, failures = Spill.oldest, [Unavailable("The disk cannot be read.")] * 2

    def fails_at_first(spill: Spill[Any], count: int) -> list[Any]:
        if failures:
            raise failures.pop()
        return read(spill, count)

    monkeypatch.setattr(Spill, "oldest", fails_at_first)
    server.start()
    tracing.flush()
    assert failures == []
    assert len(names()) == 3


def test_an_outbox_that_is_asked_for_while_it_is_made_is_one(tmp_path: Path) -> None:
    """The garbage collector may end a forgotten span in any moment, in this one too."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    asked: list[Any] = []

    def kind() -> Any:
        if not asked:
            asked.append(None)
            asked[0] = boxes.of(uri)
        return exporter._of_traces()

    boxes: outboxes.Outboxes[Any] = outboxes.Outboxes(kind)
    making = threading.Thread(target=boxes.of, args=(uri,), daemon=True)
    making.start()
    making.join(20)
    assert boxes.of(uri) is asked[0]
    assert boxes.all() == asked
    boxes.close(time.monotonic() + 5)
    outboxes._known.remove(boxes)


@pytest.mark.parametrize("said", [5, None, {"a": [1]}, object()])
def test_spans_may_be_called_anything(server: QuireServer, said: Any) -> None:
    with quire.start_span(said, span_type=said) as span:
        pass
    assert last_trace().data.spans[0].name == str(said)
    assert span.trace_id == last_trace().info.trace_id


def test_a_number_is_the_id_of_an_experiment_too(server: QuireServer) -> None:
    experiment = quire.create_experiment(f"e{uuid.uuid4().hex}")
    span = quire.start_span_no_context("by number", experiment_id=int(experiment))  # type: ignore[arg-type]
    span.end()
    found = quire.get_trace(span.trace_id)
    assert found is not None
    assert found.info.experiment_id == experiment


def test_what_cannot_be_joined_read_or_written_keeps_nothing_else(server: QuireServer) -> None:
    deliver = destination.here().deliver
    span = FinishedSpan(b"1" * 8, b"", "broken", "CHAIN", 1, 2, 1, "", None, None, {}, (), ())
    whole = FinishedTrace(trace_id=b"0" * 16, experiment_id="0", spans=[span])
    for fields in ({"experiment_id": ["no", "text"]}, {"metadata": {"a": object()}}, {"spans": [span, None]}):
        deliver(msgspec.structs.replace(whole, **fields))  # type: ignore[arg-type]
    make(3)
    with suppress(QuireError):
        tracing.flush()
    assert names() >= {"s 0", "s 1", "s 2"}


def test_what_cannot_be_kept_on_disk_takes_nothing_along(server: QuireServer, caplog: pytest.LogCaptureFixture) -> None:
    server.stop()
    make(2)
    box = exporter._outboxes.all()[0]
    never = FinishedTrace(trace_id=b"0" * 16, experiment_id="0", spans=[], cleaned=True, metadata={"a": object()})  # type: ignore[dict-item]
    box.submit(never)
    make(2, "then")
    outboxes.close_all(0)
    assert "cannot be kept on disk, and is lost" in caplog.text
    server.start()
    make(1, "last")
    tracing.flush()
    assert names() == {"s 0", "s 1", "then 0", "then 1", "last 0"}


def test_what_was_kept_on_disk_and_cannot_be_read_is_in_nobodys_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spill = Spill(f"sqlite:///{tmp_path}/quire.db", "traces", operations.Delivery, lambda delivery: delivery)
    trace = FinishedTrace(trace_id=b"0" * 16, experiment_id="0", spans=[])
    spill.add([outbox.Waiting(number, operations.Delivery([trace], 10)) for number in (1, 2, 3)])
    assert spill._connection is not None
    with spill._connection:
        spill._connection.execute("UPDATE operations SET body = ? WHERE number = 2", (b"no msgpack",))
    assert [waiting.number for waiting in spill.oldest(10)] == [1, 3]
    assert spill.count == 2
    assert "cannot be read" in caplog.text
    spill.remove(spill.oldest(10))
    assert list((tmp_path / "outbox").glob("*.db")) == []


# -- ends ------------------------------------------------------------------------------------------


def run(tmp_path: Path, text: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "QUIRE_TRACKING_URI": f"sqlite:///{tmp_path}/quire.db"}
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=given, timeout=seconds)


def test_what_a_program_has_not_ended_is_ended_with_it(tmp_path: Path) -> None:
    text = """
import atexit, quire
root = quire.start_span_no_context("root never ended")
child = quire.start_span_no_context("child", parent_span=root)
child.end()
with quire.start_span("whole"):
    pass
raise SystemExit(3)
"""
    assert run(tmp_path, text).returncode == 3
    traces = {trace.data.spans[0].name: trace for trace in quire.search_traces(return_type="list")}
    assert set(traces) == {"root never ended", "whole"}
    root = traces["root never ended"].data.spans[0]
    assert (root.get_attribute("quire.abandoned"), root.end_time_ns is not None) == (True, True)
    assert len(traces["root never ended"].data.spans) == 2


def test_an_error_that_ends_the_program_is_recorded(tmp_path: Path) -> None:
    done = run(tmp_path, "import quire\nwith quire.start_span('s'):\n    raise ValueError('the end')")
    assert "the end" in done.stderr
    assert "quire/" not in done.stderr.replace("quire.start_span", "")
    assert [trace.info.state for trace in quire.search_traces(return_type="list")] == ["ERROR"]


def test_a_root_that_is_collected_is_ended() -> None:
    quire.start_span_no_context("forgotten")
    gc.collect()
    assert last_trace().data.spans[0].get_attribute("quire.abandoned") is True


def test_a_long_trace_is_handed_on_in_parts() -> None:
    with quire.start_span("root") as root:
        for _ in range(live.MOST_HELD * 2 + 10):
            with quire.start_span("step"):
                pass
        tracing.flush()
        early = quire.get_trace(root.trace_id)
        assert early is not None
        assert (early.info.state, len(early.data.spans)) == ("IN_PROGRESS", live.MOST_HELD * 2)
    trace = last_trace()
    assert (trace.info.state, len(trace.data.spans)) == ("OK", live.MOST_HELD * 2 + 11)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_stores_its_own_spans_and_ends_nothing_of_its_parent(tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    with quire.start_span("root"):
        with quire.start_span("before"):
            pass
        child = forking.Process(target=_in_child)
        child.start()
        child.join()
        assert child.exitcode == 0
    trace = last_trace()
    assert names_by_parent(trace) == {"root": None, "before": "root", "in the child": "root"}
    assert trace.data.spans[0].get_attribute("quire.abandoned") is None


def _in_child() -> None:
    with quire.start_span("in the child"):
        pass


def test_what_was_recorded_is_stored_though_the_program_is_killed(tmp_path: Path) -> None:
    text = """
import quire, time, os
from quire.tracing import exporter
with quire.start_span("kept"): pass
while not all(outbox.is_empty for outbox in exporter._outboxes.all()):
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""
    assert run(tmp_path, text).returncode == -signal.SIGKILL
    assert names() == {"kept"}


def test_a_forgotten_span_that_the_collector_ends_does_not_stop_its_trace() -> None:
    with quire.start_span("root") as root:
        for _ in range(300):
            child = quire.start_span_no_context("forgotten", parent_span=root)
            child.cycle = child  # type: ignore[attr-defined]
        del child
        gc.collect()
        with root.live_trace._lock:  # as where a span that ends makes the collector run
            quire.start_span_no_context("last", parent_span=root)
    assert len(last_trace().search_spans(name="forgotten")) == 300


# -- errors of ours --------------------------------------------------------------------------------


def fail(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("broken on purpose")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (destination, "here"),
        (destination, "_environment"),
        (beginning, "begin"),
        (beginning, "_bits"),
        (beginning.runs, "innermost"),
        (live.LiveTrace, "add"),
        (live, "FinishedTrace"),
        (values, "_encode"),
        (exporter._outboxes, "of"),
        (outbox.Outbox, "put"),
        (writing, "stored"),
        (operations, "_store"),
        (cleaning, "complete"),
    ],
)
def test_an_error_in_recording_never_reaches_the_program(
    place: Any, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(place, name, fail)

    @quire.trace
    def work(a: int) -> int:
        with quire.start_span("inner", attributes={"a": [1]}) as span:
            span.set_inputs({"a": a})
            span.add_event("e", {"b": [1]})
            span.set_outputs([a])
        single = quire.start_span_no_context("single", inputs=[a])
        single.end(outputs=[a])
        return a

    @quire.trace
    def items(a: int) -> Iterator[int]:
        yield a

    assert work(1) == 1
    assert list(items(2)) == [2]
    with pytest.raises(ZeroDivisionError), quire.start_span("failing"):
        _ = 1 / 0
    outboxes.close_all(5)
    assert caplog.records or name == "_encode"


def test_a_value_whose_every_method_fails_is_no_error_of_the_program() -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("no")

    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    @quire.trace
    def work(thing: Any) -> Any:
        return thing

    work(Hostile())
    with pytest.raises(Silent), quire.start_span("s"):
        raise Silent
    assert last_trace().info.state == "ERROR"


def test_a_listener_of_traces_that_fails_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    stop = exporter.listen(fail)
    try:
        make(1)
    finally:
        stop()
    make(1)
    assert names() == {"s 0"}
    assert caplog.at_level(logging.ERROR)


@pytest.mark.slow
def test_memory_stays_flat_over_many_spans(tmp_path: Path) -> None:
    text = """
import quire, resource
from quire.tracking import outbox
outbox.MAX_WEIGHT = 2_000_000
def make(count):
    for _ in range(count):
        with quire.start_span("outer") as span:
            span.set_inputs({"text": "x" * 2000})
            with quire.start_span("inner"):
                pass
    quire.flush_trace_async_logging()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first, last = make(5000), make(10_000)
assert last < first + 15_000, (first, last)  # kilobytes; what is recorded in between has 30,000
"""
    done = run(tmp_path, text, seconds=170)
    assert done.returncode == 0, done.stderr
