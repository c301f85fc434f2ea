"""Links from a span to others: given in every way, stored, read back, sent to collectors."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from opentelemetry import trace as otel

import quire
from quire import tracing
from quire.domain.errors import InvalidInput
from quire.domain.otlp import plain_attributes
from quire.entities import Link, Span, Trace
from quire.tracing import exporter
from quire.tracing.cleaning import fit_for_disk
from quire.tracing.finished import FinishedTrace
from quire.tracing.writing import stored
from tests.tracing.conftest import last_trace
from tests.tracing.otlp_receiver import Receiver

FIRST = Link(f"tr-{'a' * 32}", "b" * 16, {"why": "asked again", "times": 2})
SECOND = Link(f"tr-{'1' * 32}", "2" * 16)


def by_block() -> None:
    with quire.start_span("s", links=[FIRST, SECOND]):
        pass


def by_decorator() -> None:
    @quire.trace(links=[FIRST, SECOND], name="s")
    def function() -> None: ...

    function()


def by_generator() -> None:
    @quire.trace(links=[FIRST, SECOND], name="s")
    def function() -> Any:
        yield 1

    list(function())


def without_context() -> None:
    quire.start_span_no_context("s", links=[FIRST, SECOND]).end()


def by_client() -> None:
    client = quire.Client()
    root = client.start_trace("s", links=[FIRST, SECOND])
    client.end_trace(root.trace_id)


def by_client_below() -> None:
    client = quire.Client()
    root = client.start_trace("root")
    client.start_span("s", root.trace_id, root.span_id, links=[FIRST, SECOND])
    client.end_trace(root.trace_id)


def by_method() -> None:
    with quire.start_span("s") as span:
        span.add_link(FIRST)
        span.add_link(otel.SpanContext(int("1" * 32, 16), int("2" * 16, 16), is_remote=True))
        assert span.links == [FIRST, SECOND]


@pytest.mark.parametrize(
    "make", [by_block, by_decorator, by_generator, without_context, by_client, by_client_below, by_method]
)
def test_links_are_stored_and_read_back(make: Any) -> None:
    make()
    trace = last_trace()
    (span,) = trace.search_spans(name="s")
    assert span.links == [FIRST, SECOND]
    assert Trace.from_json(trace.to_json()).search_spans(name="s")[0].links == [FIRST, SECOND]
    assert Span.from_dict(span.to_dict()) == span


def test_links_go_to_collectors() -> None:
    with Receiver() as receiver:
        tracing.configure(otlp_endpoint=receiver.url)
        by_block()
        tracing.flush()
        (span,) = receiver.spans
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in span.links] == [
        ("a" * 32, "b" * 16),
        ("1" * 32, "2" * 16),
    ]
    assert plain_attributes(span.links[0].attributes) == {"why": "asked again", "times": 2}


@pytest.mark.parametrize(
    "link",
    [Link("tr-xyz", "b" * 16), Link("a" * 33, "b" * 16), Link("a" * 32, "0"), Link("a" * 32, ""), "no link", None],
)
def test_a_link_that_names_no_span_is_left_out(link: Any, caplog: pytest.LogCaptureFixture) -> None:
    span = quire.start_span_no_context("s", links=[link, SECOND])
    with pytest.raises(InvalidInput, match="names no span"):
        span.add_link(link)
    span.end()
    assert "A link is left out" in caplog.text
    assert last_trace().data.spans[0].links == [SECOND]


@pytest.mark.parametrize("trace_id", ["a" * 32, "A" * 32, f"tr-{'a' * 32}", f"trace:/catalog.schema/{'a' * 32}"])
def test_a_trace_may_be_named_in_each_of_mlflows_forms(trace_id: str) -> None:
    with quire.start_span("s", links=[Link(trace_id, "b" * 16)]):
        pass
    assert last_trace().data.spans[0].links == [Link(f"tr-{'a' * 32}", "b" * 16)]


def test_what_links_say_is_redacted_as_all_else() -> None:
    secret = "sk-" + "a1B2" * 8
    given = Link(FIRST.trace_id, FIRST.span_id, {"key": secret, "name": "Ada"})

    def without_names(span: dict[str, Any]) -> None:
        for link in span["links"]:
            link["attributes"].pop("name")

    tracing.configure(redact=without_names)
    with quire.start_span("s", links=[given]):
        pass
    assert last_trace().data.spans[0].links == [Link(FIRST.trace_id, FIRST.span_id, {"key": "[REDACTED]"})]
    tracing.reset()
    tracing.configure(content=False)
    with quire.start_span("s", links=[given]):
        pass
    (kept,) = last_trace().data.spans[0].links
    assert kept.span_id == given.span_id
    assert "Ada" not in json.dumps(kept.to_dict())


def test_a_hook_that_fails_costs_what_links_say_alone() -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("no")

    tracing.configure(redact=fail)
    by_block()
    assert last_trace().data.spans[0].links == [Link(FIRST.trace_id, FIRST.span_id), SECOND]


def test_a_link_is_read_from_what_it_wrote() -> None:
    assert Link.from_dict(FIRST.to_dict()) == FIRST
    with pytest.raises(InvalidInput, match="no link"):
        Link.from_dict({"trace_id": 5})


def test_links_wait_on_disk_without_credentials() -> None:
    secret = "sk-" + "a1B2" * 8
    ended: list[FinishedTrace] = []
    stop = exporter.listen(ended.append)
    with quire.start_span("s", links=[Link(FIRST.trace_id, FIRST.span_id, {"key": secret, "times": 2}), SECOND]):
        pass
    stop()
    written = msgspec.msgpack.encode(fit_for_disk(ended[0]))
    assert secret.encode() not in written
    (span,) = stored(msgspec.msgpack.decode(written, type=FinishedTrace)).spans
    assert Span(span).links == [Link(FIRST.trace_id, FIRST.span_id, {"key": "[REDACTED]", "times": 2}), SECOND]
