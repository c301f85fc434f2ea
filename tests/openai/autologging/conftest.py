"""What tests of autologging share: a simulator, an upstream that answers as a test says, and the stored spans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

import quire
from quire.entities.spans import Span
from quire.entities.traces import Trace
from quire.testing import Simulator
from tests.openai.autologging.upstream import Upstream

_number = itertools.count()


@pytest.fixture(scope="module")
def service() -> Iterator[Simulator]:
    """A simulator for all tests of a module."""
    with Simulator() as running:
        yield running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """A server whose next answers a test gives."""
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of a store for all tests of a module."""
    return f"sqlite:///{tmp_path_factory.mktemp('autologging') / 'quire.db'}"


class Recorded:
    """What was recorded in a test, read from the store."""

    def traces(self) -> list[Trace]:
        """All traces of the test's experiment, oldest first."""
        quire.tracing.flush()
        found: list[Trace] = quire.search_traces(return_type="list", order_by=["timestamp_ms ASC"])
        return found

    def spans(self) -> list[Span]:
        """All their spans."""
        return sorted((span for trace in self.traces() for span in trace.data.spans), key=lambda one: one.start_time_ns)

    def span(self) -> Span:
        """The only one."""
        spans = self.spans()
        assert len(spans) == 1, [span.name for span in spans]
        return spans[0]


@pytest.fixture
def recorded(store: str) -> Iterator[Recorded]:
    """Autologging is on, into an experiment of the test's own; what it records."""
    quire.set_tracking_uri(store)
    quire.set_experiment(f"test {next(_number)}")
    quire.openai.autolog()
    yield Recorded()
    quire.openai.autolog(disable=True)
    quire.tracing.reset()


@pytest.fixture
def client(service: Simulator) -> Iterator[openai.OpenAI]:
    """A client of the simulator."""
    with openai.OpenAI(base_url=service.base_url, api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def azure(service: Simulator) -> Iterator[openai.AzureOpenAI]:
    """An Azure client of the simulator."""
    with openai.AzureOpenAI(
        azure_endpoint=service.azure_endpoint, api_key="any", api_version="2024-10-21", max_retries=0
    ) as made:
        yield made


@pytest.fixture
def odd(upstream: Upstream) -> Iterator[openai.OpenAI]:
    """A client of the upstream."""
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for programs that a test runs."""
    return tmp_path
