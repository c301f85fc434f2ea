"""Many traces at once: stored together, summed up, pruned. What every store promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from quire.domain.errors import InvalidInput
from quire.domain.trace_usage import USAGE_BY, TraceUsage
from quire.domain.traces import PromptVersionRef, Trace, TraceFacts, trace_info
from quire.store import Store
from quire.store.pruning import prune, prune_part
from tests.spans import START, new_trace, span

DAY = 86_400_000
Call = Callable[..., str]


@pytest.fixture
def call(store: Store, experiment: str) -> Call:
    """Adds a trace of a root and a call of a model below it."""

    def made(
        model: str = "gpt-4o", tokens: int = 10, *, ms: int = 100, status: str = "OK", start: int = START, **said: str
    ) -> str:
        trace_id = new_trace()
        usage = {"input_tokens": tokens - 2, "output_tokens": 2, "total_tokens": tokens}
        root = span(trace_id, "root", span_id="00000000000000aa", start=start, ms=ms, status=status)
        facts = root.facts or TraceFacts()
        root = msgspec.structs.replace(root, facts=msgspec.structs.replace(facts, metadata={**facts.metadata, **said}))
        below = span(
            trace_id,
            "call",
            parent="00000000000000aa",
            start=start,
            ms=ms - 1,
            status=status,
            mlflow__llm__model=model,
            mlflow__chat__tokenUsage=usage,
            mlflow__llm__cost={"total_cost": tokens / 100},
        )
        info = trace_info(trace_id, experiment, timestamp_ms=start, execution_time_ms=ms, state=status)
        store.log_traces([Trace(info, [root, below])])
        return trace_id

    return made


def _usage(store: Store, experiment: str, by: Any, **options: Any) -> dict[str, TraceUsage]:
    return {item.key: item for item in store.trace_usage([experiment], by=by, **options)}


def test_traces_are_stored_together(store: Store, experiment: str) -> None:
    traces = []
    for number in range(3):
        trace_id = new_trace()
        facts = TraceFacts(
            request_preview=f"asked {number}",
            response_preview="answered",
            tags={"mlflow.traceName": f"t{number}", "team": "a"},
            metadata={"mlflow.trace.session": "s1"},
        )
        root = msgspec.structs.replace(span(trace_id, f"t{number}", span_id="00000000000000aa"), facts=facts)
        below = span(trace_id, "below", parent="00000000000000aa")
        info = trace_info(
            trace_id,
            experiment,
            timestamp_ms=START,
            execution_time_ms=5,
            state="OK",
            tags=dict(facts.tags),
            trace_metadata=dict(facts.metadata),
            request_preview=f"asked {number}",
            response_preview="answered",
            client_request_id=f"c{number}",
        )
        traces.append(Trace(info, [root, below]))
    store.log_traces(traces)
    store.log_traces(traces[:1])
    found = store.get_traces([trace.info.trace_id for trace in traces])
    assert [len(trace.spans) for trace in found] == [2, 2, 2]
    assert [trace.info.request_preview for trace in found] == ["asked 0", "asked 1", "asked 2"]
    assert [trace.info.client_request_id for trace in found] == ["c0", "c1", "c2"]
    assert {trace.info.state for trace in found} == {"OK"}
    assert found[0].info.tags.items() >= {"mlflow.traceName": "t0", "team": "a"}.items()
    assert found[0].info.trace_metadata["mlflow.trace.session"] == "s1"
    assert len(store.search_traces([experiment], filter_string="tag.team = 'a'")) == 3


def test_a_state_that_was_given_counts_more_than_the_roots(store: Store, experiment: str) -> None:
    info = trace_info(new_trace(), experiment, timestamp_ms=START, execution_time_ms=5, state="ERROR")
    store.log_traces([Trace(info, [span(info.trace_id, "t")])])
    assert store.get_trace_info(info.trace_id).state == "ERROR"


def test_usage_by_model_counts_calls(store: Store, experiment: str, call: Call) -> None:
    for ms in (101, 201, 301):
        call(ms=ms)
    call("gpt-4.1", 1000, ms=51, status="ERROR")
    found = store.trace_usage([experiment], by="model")
    assert [item.key for item in found] == ["gpt-4.1", "gpt-4o"]
    dear, cheap = found
    assert (dear.count, dear.errors, dear.total_tokens, dear.cost) == (1, 1, 1000, 10.0)
    assert (cheap.count, cheap.errors, cheap.input_tokens, cheap.output_tokens) == (3, 0, 24, 6)
    assert (cheap.p50_ms, cheap.p95_ms, cheap.p99_ms) == (200, 300, 300)
    assert cheap.cost == pytest.approx(0.3)


def test_usage_by_what_traces_belong_to(store: Store, experiment: str, call: Call) -> None:
    run = store.create_run(experiment, start_time=START).info.run_id
    first = call(**{"mlflow.trace.session": "s1", "mlflow.trace.user": "ada", "mlflow.modelId": "m-1"})
    second = call(start=START + DAY)
    store.link_traces_to_run([first], run)
    store.link_prompts_to_trace(second, [PromptVersionRef("joke", "3")])
    for by, key in {"session": "s1", "user": "ada", "model_version": "m-1", "run": run, "prompt": "joke/3"}.items():
        found = _usage(store, experiment, by)
        assert {name: item.count for name, item in found.items()} == {key: 1, "": 1}, by
        assert found[key].total_tokens == 10
    assert {item.count for item in _usage(store, experiment, "experiment").values()} == {2}
    days = store.trace_usage([experiment], by="day")
    assert [item.key for item in days] == ["2023-11-15", "2023-11-14"]


def test_usage_of_chosen_traces(store: Store, experiment: str, call: Call) -> None:
    call(tokens=10)
    call(tokens=20, status="ERROR", start=START + 5000)
    chosen = {"filter_string": "trace.status = 'ERROR'"}
    assert _usage(store, experiment, "experiment", **chosen)[experiment].total_tokens == 20
    assert _usage(store, experiment, "model", **chosen)["gpt-4o"].total_tokens == 20
    assert _usage(store, experiment, "model", end_ms=START + 5000)["gpt-4o"].total_tokens == 10
    assert _usage(store, experiment, "model", start_ms=START + 5000)["gpt-4o"].total_tokens == 20
    assert store.trace_usage([experiment], by="model", start_ms=START + 5001) == []
    assert store.trace_usage([], by="model") == []


def test_usage_by_something_else_is_refused(store: Store, experiment: str) -> None:
    with pytest.raises(InvalidInput, match=f"'colour'; expected {', '.join(USAGE_BY)}"):
        store.trace_usage([experiment], by="colour")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="max_results is 0"):
        store.trace_usage([experiment], by="model", max_results=0)


def test_pruning_by_age(store: Store, experiment: str, call: Call) -> None:
    old = [call(start=START + number) for number in range(3)]
    kept = call(start=START + 1000)
    plan = store.plan_pruning([experiment], older_than_ms=START + 1000)
    assert (plan.before_ms, plan.traces) == (START + 999, 3)
    assert plan.bytes > 3 * 400
    told: list[int] = []
    assert prune(store, [experiment], older_than_ms=START + 1000, progress=told.append).traces == 3
    assert told == [3]
    assert [trace.info.trace_id for trace in store.get_traces([*old, kept])] == [kept]
    assert prune(store, [experiment], older_than_ms=START + 1000).before_ms is None


def test_pruning_by_size_keeps_the_newest(store: Store, experiment: str, call: Call) -> None:
    traces = [call(start=START + number) for number in range(4)]
    all_bytes = store.plan_pruning([experiment], keep_bytes=0).bytes
    assert store.plan_pruning([experiment], keep_bytes=all_bytes).before_ms is None
    assert prune(store, [experiment], keep_bytes=all_bytes * 5 // 8).traces == 2
    assert [info.trace_id for info in store.search_traces([experiment])] == traces[:1:-1]


def test_pruning_goes_part_by_part(store: Store, experiment: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quire.store.pruning.AT_ONCE", 2)
    for number in range(5):
        call(start=START + number)
    parts = [prune_part(store, [experiment], before_ms=START + 3)]
    while (after := parts[-1].after) is not None:
        parts.append(prune_part(store, [experiment], before_ms=START + 3, after=after))
    # Notes come after the traces, in as many parts as the store has of them for others.
    assert [part.traces for part in parts][:3] == [2, 2, 0]
    assert sum(part.traces for part in parts) == 4
    assert [info.timestamp_ms for info in store.search_traces([experiment])] == [START + 4]


def test_pruning_needs_a_limit(store: Store, experiment: str) -> None:
    with pytest.raises(InvalidInput, match="Say what to prune"):
        store.plan_pruning([experiment])
    with pytest.raises(InvalidInput, match="keep_bytes is -1"):
        store.plan_pruning([experiment], keep_bytes=-1)
