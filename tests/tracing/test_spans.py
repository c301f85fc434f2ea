"""Spans that a script makes: blocks, traced functions of all kinds, and what is said of them."""

from __future__ import annotations

import asyncio
import datetime
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import quire
from quire import tracing
from quire.domain.errors import InvalidInput
from tests.tracing.conftest import last_trace, names_by_parent


def test_a_block_is_a_span_with_what_was_said_of_it() -> None:
    with quire.start_span("outer", span_type="CHAIN", attributes={"list": [1, {"a": None}]}) as span:
        span.set_inputs({"question": "why"})
        with quire.start_span("inner") as inner:
            inner.set_attribute("number", 3)
            inner.add_event("halfway", {"done": 0.5})
        span.set_outputs(["because"])
        assert quire.get_current_active_span() is span
        assert quire.get_active_trace_id() == span.trace_id
    assert quire.get_current_active_span() is None
    trace = last_trace()
    outer, stored_inner = trace.data.spans
    assert (outer.name, outer.span_type, outer.inputs, outer.outputs) == (
        "outer",
        "CHAIN",
        {"question": "why"},
        ["because"],
    )
    assert outer.attributes["list"] == [1, {"a": None}]
    assert (stored_inner.parent_id, stored_inner.attributes["number"]) == (outer.span_id, 3)
    assert [(event.name, event.attributes) for event in stored_inner.events] == [("halfway", {"done": 0.5})]
    assert (trace.info.state, trace.info.tags["mlflow.traceName"]) == ("OK", "outer")
    assert trace.info.trace_metadata["mlflow.source.type"] == "LOCAL"


def test_an_error_is_recorded_and_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), quire.start_span("outer"), quire.start_span("inner"):
        _ = 1 / 0
    trace = last_trace()
    assert trace.info.state == "ERROR"
    for span in trace.data.spans:
        assert span.status.status_code == "ERROR"
        assert span.status.description == "ZeroDivisionError: division by zero"
        assert span.events[0].attributes["exception.type"] == "builtins.ZeroDivisionError"
        assert "test_spans.py" in span.events[0].attributes["exception.stacktrace"]


def test_arguments_are_inputs_by_name_with_defaults_and_without_self() -> None:
    class Thing:
        @quire.trace
        def method(self, a: int, b: int = 2, *rest: int, key: str = "k", **more: Any) -> int:
            return a + b

        @classmethod
        @quire.trace
        def of_class(cls, a: int) -> int:
            return a

        @quire.trace
        @staticmethod
        def alone(a: int) -> int:
            return a

    assert Thing().method(1, 3, 4, x=5) == 4
    assert last_trace().data.spans[0].inputs == {"a": 1, "b": 3, "rest": [4], "key": "k", "more": {"x": 5}}
    assert Thing.of_class(7) == Thing.alone(7) == 7
    assert last_trace().data.spans[0].inputs == {"a": 7}


def test_a_call_that_does_not_fit_fails_as_it_would_without() -> None:
    @quire.trace
    def plain(a: int) -> int:
        return a

    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        plain()
    assert last_trace().info.state == "ERROR"


@pytest.mark.parametrize("named", [False, True])
def test_a_traced_function_keeps_its_name_and_signature(named: bool) -> None:
    def plain(a: int) -> int:
        """What it does."""
        return a

    traced = quire.trace(name="else", span_type="TOOL", attributes={"k": 1})(plain) if named else quire.trace(plain)
    assert (traced.__name__, traced.__doc__, traced.__wrapped__) == ("plain", "What it does.", plain)  # type: ignore[attr-defined]
    assert traced(3) == 3
    span = last_trace().data.spans[0]
    assert (span.name, span.span_type, span.get_attribute("k")) == (
        ("else", "TOOL", 1) if named else ("plain", "UNKNOWN", None)
    )
    assert span.attributes["mlflow.spanFunctionName"] == "plain"


def test_coroutines_and_generators_of_both_kinds_are_spans() -> None:
    @quire.trace
    async def coroutine(a: int) -> int:
        await asyncio.sleep(0)
        with quire.start_span("within"):
            return a

    @quire.trace(output_reducer=sum)
    def generator(n: int) -> Iterator[int]:
        for item in range(n):
            with quire.start_span(f"item {item}"):
                pass
            yield item

    @quire.trace
    async def items(n: int) -> AsyncIterator[int]:
        for item in range(n):
            yield item

    assert asyncio.run(coroutine(1)) == 1
    assert names_by_parent(last_trace()) == {"coroutine": None, "within": "coroutine"}
    assert list(generator(3)) == [0, 1, 2]
    trace = last_trace()
    assert trace.data.spans[0].outputs == 3
    assert names_by_parent(trace) == {
        "generator": None,
        "item 0": "generator",
        "item 1": "generator",
        "item 2": "generator",
    }

    async def collect() -> list[int]:
        return [item async for item in items(2)]

    assert asyncio.run(collect()) == [0, 1]
    assert last_trace().data.spans[0].outputs == [0, 1]


def test_a_generator_is_current_only_while_it_runs() -> None:
    seen = []

    @quire.trace
    def inner() -> Iterator[int]:
        seen.append(quire.get_current_active_span().name)  # type: ignore[union-attr]
        received = yield 1
        seen.append(received)
        yield 2

    with quire.start_span("outer") as outer:
        made = inner()
        assert next(made) == 1  # type: ignore[call-overload]
        assert quire.get_current_active_span() is outer
        assert made.send("sent") == 2  # type: ignore[attr-defined]
        made.close()  # type: ignore[attr-defined]
    assert seen == ["inner", "sent"]
    spans = {span.name: span for span in last_trace().data.spans}
    assert (spans["inner"].outputs, spans["inner"].status.status_code) == ([1, 2], "OK")


def test_errors_in_generators_go_both_ways() -> None:
    @quire.trace
    def stubborn() -> Iterator[str]:
        try:
            yield "a"
        except KeyError:
            yield "caught"
        raise ValueError("no more")

    made = stubborn()
    assert next(made) == "a"
    assert made.throw(KeyError("k")) == "caught"  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="no more"):
        next(made)
    span = last_trace().data.spans[0]
    assert (span.status.status_code, span.outputs) == ("ERROR", ["a", "caught"])


def test_a_generator_that_is_dropped_ends_its_span() -> None:
    @quire.trace
    def endless() -> Iterator[int]:
        while True:
            yield 1

    made = endless()
    next(made)
    del made
    gc.collect()
    assert last_trace().data.spans[0].outputs == [1]


def test_what_json_has_no_form_for_is_kept_as_text() -> None:
    circle: list[Any] = []
    circle.append(circle)

    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    given = {
        "time": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        "set": {1},
        "bytes": b"x",
        "huge": 2**80,
        "half": "\ud800",
        3: "key",
        "odd": Odd(),
        "error": ValueError("v"),
        "nan": float("nan"),
    }
    with quire.start_span("s") as span:
        span.set_inputs(given)
        span.set_outputs(circle)
        span.set_attribute("deep", _nested(200))
    span_stored = last_trace().data.spans[0]
    assert span_stored.inputs["time"].startswith("2026-01-02")
    assert span_stored.inputs["huge"] == str(2**80)
    assert span_stored.inputs["3"] == "key"
    assert span_stored.inputs["odd"] == "<Odd that cannot be shown>"
    assert span_stored.inputs["error"] == "ValueError: v"
    assert span_stored.outputs is not None


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_inputs_are_those_of_the_moment() -> None:
    messages = [{"role": "user", "content": "first"}]
    with quire.start_span("s") as span:
        span.set_inputs(messages)
        messages[0]["content"] = "changed"
        messages.append({})
    assert last_trace().data.spans[0].inputs == [{"role": "user", "content": "first"}]


def test_after_its_end_nothing_changes_a_span() -> None:
    span = quire.start_span_no_context("s", inputs=1)
    span.end(outputs=2)
    span.set_outputs(3)
    span.set_inputs(3)
    span.set_attribute("late", True)
    span.set_status("ERROR")
    span.record_exception(ValueError("late"))
    span.end()
    stored = last_trace().data.spans[0]
    assert (stored.inputs, stored.outputs, stored.status.status_code) == (1, 2, "OK")
    assert "late" not in stored.attributes


def test_spans_without_context_have_the_parent_that_was_given() -> None:
    root = quire.start_span_no_context("root", tags={"t": "1"}, metadata={"m": "2"}, start_time_ns=10**18)
    with quire.start_span("apart"):
        child = quire.start_span_no_context("child", parent_span=root, start_time_ns=10**18)
    child.end(10**18 + 1, status="ERROR")
    root.end(end_time_ns=10**18 + 2_000_000)
    trace = last_trace()
    assert names_by_parent(trace) == {"root": None, "child": "root"}
    assert (trace.info.tags["t"], trace.info.trace_metadata["m"]) == ("1", "2")
    assert (trace.info.request_time, trace.info.execution_duration) == (10**12, 2)
    assert trace.search_spans(name="child")[0].status.status_code == "ERROR"


def test_what_is_said_of_the_current_trace_is_stored_with_it() -> None:
    with quire.start_span("s"):
        quire.update_current_trace(
            tags={"tag": 1},  # type: ignore[dict-item]
            metadata={"meta": "data"},
            client_request_id="mine",
            request_preview="asked",
            response_preview="answered",
            state="ERROR",
            session_id="s-1",
            user="ada",
            model_id="m-1",
        )
        with pytest.raises(InvalidInput):
            quire.update_current_trace(tags={"": "no key"})
        quire.set_trace_tag(str(quire.get_active_trace_id()), "live", "yes")
    info = last_trace().info
    assert {"tag": "1", "live": "yes"}.items() <= info.tags.items()
    assert {
        "meta": "data",
        "mlflow.trace.session": "s-1",
        "mlflow.trace.user": "ada",
        "mlflow.modelId": "m-1",
    }.items() <= info.trace_metadata.items()
    assert (info.client_request_id, info.request_preview, info.response_preview) == ("mine", "asked", "answered")
    assert info.state == "ERROR"


def test_outside_of_a_trace_nothing_is_said_of_one(caplog: pytest.LogCaptureFixture) -> None:
    quire.update_current_trace(tags={"a": "b"})
    assert "No trace is being made here" in caplog.text
    caplog.clear()
    tracing.disable()
    quire.update_current_trace(tags={"a": "b"})
    assert caplog.text == ""


def test_a_state_that_was_set_counts_alone_too() -> None:
    with quire.start_span("s"):
        quire.update_current_trace(state="ERROR")
    assert last_trace().info.state == "ERROR"


def test_nothing_is_made_while_tracing_is_off() -> None:
    tracing.disable()

    @quire.trace
    def plain() -> int:
        with quire.start_span("s") as span:
            span.set_inputs(1)
            assert quire.get_current_active_span() is None
        assert not tracing.is_enabled()
        return 1

    assert plain() == 1
    quire.start_span_no_context("s").end()
    tracing.enable()
    assert quire.search_traces(return_type="list") == []
    plain_again = quire.trace(lambda: 2)
    assert plain_again() == 2
    assert len(quire.search_traces(return_type="list")) == 1


def test_a_block_is_a_decorator_too() -> None:
    @quire.start_span("each call")
    def function() -> int:
        return 1

    assert function() + function() == 2
    assert [trace.info.tags["mlflow.traceName"] for trace in quire.search_traces(return_type="list")] == [
        "each call"
    ] * 2
