"""A process of its own makes spans, and stores what it was told whatever becomes of the server or of itself."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire import tracing
from quire.domain.otlp import plain_attributes
from quire.serving.measuring import measure
from quire.serving.request import Done
from quire.serving.scribe import Scribe, maker_for
from quire.serving.spans import Manner
from quire.serving.tracing import Here, Tracer
from quire.testing import Simulator
from quire.tracking import outboxes
from tests.serving.served import Served as Process
from tests.serving.test_tracing import ANSWER, ended
from tests.tracing.otlp_receiver import Receiver

pytestmark = pytest.mark.slow
MANNER = Manner("served")


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    yield
    tracing.reset()
    outboxes.close_all(0)


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    scribe = Scribe(uri)
    yield scribe
    scribe.close(60)


def measured_request() -> Done:
    done = ended()
    measure(done)
    return done


def kill(scribe: Scribe) -> int:
    """End its process at once; the id that it had."""
    pid = scribe.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def test_what_it_is_told_is_stored_as_if_it_were_made_here(scribe: Scribe) -> None:
    told = [measured_request() for _ in range(3)]
    scribe.make([(done, MANNER) for done in told])
    scribe.flush(60)
    for done in told:
        trace = quire.get_trace(done.trace_id)
        assert trace is not None
        (span,) = trace.data.spans
        assert done.out is not None
        assert (span.inputs, span.outputs) == (done.out.body, ANSWER)
        assert span.attributes["quire.arm"] == "b"
        assert trace.info.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        assert quire.get_experiment(trace.info.experiment_id).name == "served"
        assert done.ask.raw == b""
        assert done.ask.body  # only its own copy is bare


def test_a_server_that_is_gone_leaves_it_to_store_what_it_was_told(scribe: Scribe) -> None:
    done = measured_request()
    scribe.make([(done, MANNER)])
    scribe.close(60)
    assert quire.get_trace(done.trace_id) is not None


def test_signals_that_end_the_server_do_not_end_it(scribe: Scribe) -> None:
    first, second = measured_request(), measured_request()
    scribe.make([(first, MANNER)])
    scribe.flush(60)
    assert scribe.pid is not None
    os.kill(scribe.pid, signal.SIGTERM)
    os.kill(scribe.pid, signal.SIGINT)
    scribe.make([(second, MANNER)])
    scribe.flush(60)
    assert quire.get_trace(second.trace_id) is not None


def test_one_that_was_killed_is_started_again(scribe: Scribe) -> None:
    scribe.make([(measured_request(), MANNER)])
    scribe.flush(60)
    first = kill(scribe)
    done = measured_request()
    scribe.make([(done, MANNER)])
    scribe.flush(60)
    assert scribe.pid != first
    assert quire.get_trace(done.trace_id) is not None


def test_spans_are_made_here_once_it_ends_again_and_again(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    scribe = Scribe(uri, most_starts=1)
    scribe.make([(measured_request(), MANNER)])
    scribe.flush(60)
    kill(scribe)
    done = measured_request()
    scribe.make([(done, MANNER)])
    scribe.flush(60)
    assert scribe.pid is None
    assert quire.get_trace(done.trace_id) is not None


def test_a_collector_is_sent_the_spans_too(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        done = measured_request()
        scribe.make([(done, MANNER)])
        scribe.close(60)
        (span,) = receiver.requests[0].spans
    assert f"tr-{span.trace_id.hex()}" == done.trace_id
    assert plain_attributes(span.attributes)["quire.arm"] == "b"


def test_the_stores_address_is_no_argument_of_it(scribe: Scribe) -> None:
    scribe.make([])
    assert "quire.db" not in Path(f"/proc/{scribe.pid}/cmdline").read_text()


def test_a_programs_own_settings_keep_spans_in_its_process(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    assert isinstance(maker_for(uri), Scribe)
    tracing.configure(content=False)
    assert isinstance(maker_for(uri), Here)


def test_a_server_has_its_spans_made_apart(serve: Callable[..., Any], register: Callable[..., str]) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    served = serve("joker", spans_apart=True)
    client = openai.OpenAI(base_url=served.base_url, api_key="any")
    answer = client.chat.completions.with_raw_response.create(
        model="joker", messages=[{"role": "user", "content": "Why?"}]
    )
    served.wait_for(1)
    next(one for one in served.app.context.observers if isinstance(one, Tracer)).flush(60)
    trace = quire.get_trace(answer.headers["x-quire-trace-id"])
    assert trace is not None
    assert trace.data.spans[0].outputs == answer.parse().model_dump(mode="json", exclude_unset=True)


def test_a_server_that_is_killed_loses_no_trace_that_was_told(
    tmp_path: Path, store: str, upstream: Simulator, register: Callable[..., str]
) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    endpoint = {"name": "joker", "model": "models:/joker@champion"}
    with Process(tmp_path / "served", store, [endpoint], upstream.environment) as served:
        client = openai.OpenAI(base_url=f"{served.url}/v1", api_key="any")
        ask: dict[str, Any] = {"model": "joker", "messages": [{"role": "user", "content": "Why?"}]}
        first = client.chat.completions.with_raw_response.create(**ask)
        found(first)
        second = client.chat.completions.with_raw_response.create(**ask)
        while "quire_serving_spans_waiting 0" not in urllib.request.urlopen(f"{served.url}/metrics").read().decode():
            time.sleep(0.01)
        served.kill()
    found(second)


def found(answer: Any) -> None:
    """Wait until the store has the trace of an answer."""
    until = time.monotonic() + 60
    while quire.get_trace(answer.headers["x-quire-trace-id"], silent=True) is None:
        assert time.monotonic() < until
        time.sleep(0.05)
