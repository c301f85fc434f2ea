"""Who is whose parent: across threads, tasks, generators, services, and spans of other instrumentation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace as otel

import quire
import quire.openai
import quire.pyfunc
from quire import tracing
from quire.domain.errors import InvalidInput
from quire.testing import Simulator
from tests.tracing.conftest import last_trace, names_by_parent

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_thousand_tasks_keep_their_parents() -> None:
    @quire.trace
    async def leaf(number: int, step: int) -> int:
        await asyncio.sleep(0)
        return number * 10 + step

    @quire.trace
    async def branch(number: int) -> int:
        await asyncio.sleep(0)
        results = [await leaf(number, step) for step in range(2)]
        await asyncio.gather(leaf(number, 2), leaf(number, 3))
        return sum(results)

    async def main() -> None:
        with quire.start_span("root"):
            await asyncio.gather(*(branch(number) for number in range(1000)))

    asyncio.run(main())
    trace = last_trace()
    spans = {span.span_id: span for span in trace.data.spans}
    assert len(spans) == 1 + 1000 + 4000
    root = trace.data.spans[0]
    assert sum(span.parent_id == root.span_id for span in spans.values()) == 1000
    for span in trace.search_spans(name="leaf"):
        assert spans[span.parent_id or ""].inputs == {"number": span.inputs["number"]}


def test_tasks_without_a_span_around_them_are_traces_of_their_own() -> None:
    async def work(number: int) -> None:
        with quire.start_span(f"outer {number}"):
            await asyncio.sleep(0)
            with quire.start_span(f"inner {number}"):
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(work(number) for number in range(50)))

    asyncio.run(main())
    traces = quire.search_traces(return_type="list")
    assert len(traces) == 50
    for trace in traces:
        outer, inner = trace.data.spans
        assert (inner.parent_id, inner.name.split()[1]) == (outer.span_id, outer.name.split()[1])


def test_threads_begin_anew_unless_the_context_is_carried() -> None:
    def work(name: str) -> None:
        with quire.start_span(name):
            pass

    with quire.start_span("root"), ThreadPoolExecutor(4) as pool:
        list(pool.map(tracing.carry(work), [f"carried {number}" for number in range(20)]))
        pool.submit(work, "alone").result()
    trace = last_trace()
    assert set(names_by_parent(trace).values()) == {None, "root"}
    assert len(trace.data.spans) == 21
    others = quire.search_traces(filter_string="trace.name = 'alone'", return_type="list")
    assert len(others) == 1


def test_generators_that_take_turns_do_not_mix() -> None:
    @quire.trace
    def count(name: str) -> Iterator[int]:
        for number in range(3):
            with quire.start_span(f"{name} {number}"):
                yield number

    with quire.start_span("root"):
        for _ in zip(count("a"), count("b"), strict=True):
            assert quire.get_current_active_span().name == "root"  # type: ignore[union-attr]
    trace = last_trace()
    names = {span.span_id: span for span in trace.data.spans}
    for span in trace.data.spans:
        if " " in span.name:
            assert names[span.parent_id or ""].inputs == {"name": span.name.split()[0]}


def test_a_span_that_ends_in_another_context_than_it_began_in_does_no_harm() -> None:
    block = quire.start_span("here")
    block.__enter__()
    thread = threading.Thread(target=lambda: block.__exit__(None, None, None))
    thread.start()
    thread.join()
    assert last_trace().data.spans[0].name == "here"
    current = quire.get_current_active_span()
    assert current is not None
    assert not current.is_recording()
    otel_context.attach(otel_context.Context())


def test_spans_after_their_root_belong_to_its_trace() -> None:
    with quire.start_span("root") as root:
        late = quire.start_span_no_context("late", parent_span=root)
    late.end(outputs="later")
    assert names_by_parent(last_trace()) == {"root": None, "late": "root"}


def test_the_session_the_user_and_tags_hold_for_what_begins_in_the_block() -> None:
    with tracing.context(session_id="s", user="u", tags={"a": "1"}, metadata={"m": "outer", "n": "n"}):
        with tracing.context(metadata={"m": "inner"}, tags={"b": "2"}), quire.start_span("in"):
            pass
        inside = last_trace().info
    with quire.start_span("out"):
        pass
    outside = last_trace().info
    expected = {"mlflow.trace.session": "s", "mlflow.trace.user": "u", "m": "inner", "n": "n"}
    assert expected.items() <= inside.trace_metadata.items()
    assert {"a": "1", "b": "2"}.items() <= inside.tags.items()
    assert "mlflow.trace.session" not in outside.trace_metadata
    assert "a" not in outside.tags
    with pytest.raises(InvalidInput), tracing.context(tags={"": "x"}):
        pass


def test_tracing_can_be_off_for_a_block() -> None:
    with tracing.context(enabled=False):
        assert not tracing.is_enabled()
        with quire.start_span("unseen"):
            pass
        with tracing.context(enabled=True), quire.start_span("seen"):
            pass
    assert [trace.info.tags["mlflow.traceName"] for trace in quire.search_traces(return_type="list")] == ["seen"]


def test_a_trace_goes_on_in_another_service() -> None:
    with quire.start_span("client") as span:
        headers = tracing.get_tracing_context_headers_for_http_request()
    assert headers["traceparent"] == f"00-{span.trace_id[3:]}-{span.span_id}-01"
    with (
        tracing.set_tracing_context_from_http_request_headers({"Traceparent": headers["traceparent"]}),
        quire.start_span("server") as served,
        quire.start_span("within"),
    ):
        assert served.trace_id == span.trace_id
    assert names_by_parent(last_trace()) == {"client": None, "server": "client", "within": "server"}
    assert last_trace().info.state == "OK"


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}, {"traceparent": f"00-{'0' * 32}-{PARENT}-01"}])
def test_headers_that_name_no_trace_change_nothing(headers: dict[str, str]) -> None:
    with tracing.set_tracing_context_from_http_request_headers(headers), quire.start_span("s") as span:
        assert span.parent_id is None


def test_outside_of_any_span_there_are_no_headers() -> None:
    assert tracing.get_tracing_context_headers_for_http_request() == {}


def test_a_caller_that_does_not_sample_is_followed_but_for_errors() -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    with tracing.set_tracing_context_from_http_request_headers(headers), quire.start_span("unseen"):
        assert tracing.get_tracing_context_headers_for_http_request()["traceparent"].endswith("-00")
    assert quire.search_traces(return_type="list") == []
    with (
        pytest.raises(ValueError, match="seen"),
        tracing.set_tracing_context_from_http_request_headers(headers),
        quire.start_span("failed"),
    ):
        raise ValueError("seen")
    assert [span.name for span in last_trace().data.spans] == ["failed"]


def test_a_span_of_other_instrumentation_around_a_root_is_a_link() -> None:
    around = otel.NonRecordingSpan(otel.SpanContext(int(TRACE, 16), int(PARENT, 16), is_remote=False))
    with otel.use_span(around), quire.start_span("root") as span:
        assert span.parent_id is None
    (link,) = last_trace().data.spans[0].links
    assert (link.trace_id, link.span_id) == (f"tr-{TRACE}", PARENT)


def test_other_instrumentation_sees_our_span_as_current() -> None:
    with quire.start_span("ours") as span:
        context = otel.get_current_span().get_span_context()
        assert (f"tr-{context.trace_id:032x}", f"{context.span_id:016x}") == (span.trace_id, span.span_id)


def test_a_prediction_names_its_model_in_the_trace_around_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in simulator.environment.items():
        monkeypatch.setenv(variable, value)
    with quire.start_run():
        info = quire.openai.log_model(
            "gpt-4o-mini", "chat.completions", name="model", messages=[{"role": "user", "content": "{q}"}]
        )
    model = quire.pyfunc.load_model(info.model_uri)
    with quire.start_span("around"):
        model.predict(["hello"])
    (found,) = quire.search_traces(model_id=info.model_id, return_type="list")
    assert found.data.spans[0].name == "around"


def test_a_trace_is_found_by_the_prompts_that_it_used() -> None:
    tracing.link_prompt("nothing", 1)
    with quire.start_span("s"):
        tracing.link_prompt("greeting", 2)
        tracing.link_prompt("greeting", 2)
        with quire.start_span("inner"):
            tracing.link_prompt("farewell", "1")
    for prompt in ("greeting/2", "farewell/1"):
        assert len(quire.search_traces(filter_string=f"prompt = '{prompt}'", return_type="list")) == 1
    assert quire.search_traces(filter_string="prompt = 'nothing/1'", return_type="list") == []
