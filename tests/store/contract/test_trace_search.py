"""Searching traces: what every store promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quire.domain.assessments import Assessment, Feedback, expectation_of
from quire.domain.errors import InvalidInput
from quire.domain.traces import trace_info
from quire.store import Store
from tests.spans import START, new_trace, span

Add = Callable[..., str]


@pytest.fixture
def add(store: Store, experiment: str) -> Add:
    """Adds a trace to the experiment; what is not said of it is plain. Each begins a second after the one before."""
    clock = iter(range(START, START + 10**9, 1000))

    def made(name: str = "t", *, spans: list[dict[str, Any]] | None = None, **fields: Any) -> str:
        trace_id, begun = new_trace(), next(clock)
        if spans is not None:
            store.log_spans(
                fields.get("experiment_id", experiment), [span(trace_id, start=begun, **item) for item in spans]
            )
        tags = {"mlflow.traceName": name, **fields.pop("tags", {})}
        given = {"timestamp_ms": begun, "execution_time_ms": 10, "state": "OK", "tags": tags, **fields}
        store.start_trace(trace_info(trace_id, given.pop("experiment_id", experiment), **given))
        return trace_id

    return made


@pytest.fixture
def names(store: Store, experiment: str) -> Callable[..., list[str]]:
    """The names of the traces that a search finds, in its order."""

    def found(filter_string: str = "", *order_by: str) -> list[str]:
        page = store.search_traces([experiment], filter_string=filter_string, order_by=order_by)
        return [info.tags["mlflow.traceName"] for info in page]

    return found


def test_attributes(store: Store, add: Add, names: Callable[..., list[str]]) -> None:
    first = add("first", execution_time_ms=5, client_request_id="c1")
    second = add("second", execution_time_ms=50, state="ERROR")
    third = add("third", execution_time_ms=None, state="IN_PROGRESS")
    assert names() == ["third", "second", "first"]
    assert names("status = 'ERROR'") == ["second"]
    assert names("status != 'OK'") == ["third", "second"]
    assert names("status IN ('OK', 'ERROR')") == ["second", "first"]
    assert names("trace.status = 'OK' AND attributes.execution_time < 10") == ["first"]
    assert names("execution_time_ms >= 5") == ["second", "first"]
    assert names(f"timestamp_ms > {START}") == ["third", "second"]
    assert names(f"timestamp <= {START}") == ["first"]
    assert names(f"end_time > {START + 5}") == ["third", "second"]
    assert names("name = 'first'") == ["first"]
    assert names("trace.name LIKE 's%'") == ["second"]
    assert names("name ILIKE '%IR%'") == ["third", "first"]
    assert names("tags.`mlflow.traceName` = 'third'") == ["third"]
    assert names("name IN ('first', 'third')") == ["third", "first"]
    assert names("client_request_id = 'c1'") == ["first"]
    assert names(f"request_id = '{first}'") == ["first"]
    assert names(f"request_id IN ('{second}', '{third}')") == ["third", "second"]


def test_tags_and_metadata(add: Add, names: Callable[..., list[str]]) -> None:
    long = "x" * 300
    add("a", tags={"team": "red", "note": "Ünï 100%_\\"}, trace_metadata={"mlflow.trace.session": "s1", "long": long})
    add("b", tags={"team": "blue"}, trace_metadata={"mlflow.trace.session": "s2", "mlflow.user": "ann"})
    add("c")
    assert names("tags.team = 'red'") == ["a"]
    assert names("tag.team != 'red'") == ["b"]
    assert names("tags.team LIKE '%e%'") == ["b", "a"]
    assert names("tags.team IS NULL") == ["c"]
    assert names("tags.team IS NOT NULL") == ["b", "a"]
    assert names("tags.note ILIKE 'üNÏ%'") == ["a"]
    assert names("metadata.`mlflow.trace.session` = 's1'") == ["a"]
    assert names("request_metadata.`mlflow.trace.session` LIKE 's%'") == ["b", "a"]
    assert names(f"metadata.long = '{long}'") == ["a"]
    assert names(f"metadata.long = '{long}y'") == []
    assert names("metadata.`mlflow.user` = 'ann'") == ["b"]
    assert names("metadata.`mlflow.user` IS NULL") == ["c", "a"]
    assert names("metadata.`mlflow.user` LIKE 'a%' AND tags.team = 'blue'") == ["b"]


def test_spans(add: Add, names: Callable[..., list[str]]) -> None:
    root = "00000000000000ad"
    add(
        "a",
        spans=[
            {"name": "agent", "span_id": root, "mlflow__spanType": "AGENT"},
            {"name": "search", "parent": root, "mlflow__spanType": "TOOL", "status": "ERROR", "query": "Köln weather"},
        ],
    )
    add("b", spans=[{"name": "chat", "mlflow__spanType": "CHAT_MODEL", "llm__model": "gpt-4o", "n": 5, "on": True}])
    add("c")
    assert names("span.name = 'search'") == ["a"]
    assert names("span.name IN ('chat', 'agent')") == ["b", "a"]
    assert names("span.name LIKE '%a%'") == ["b", "a"]
    assert names("span.type = 'TOOL'") == ["a"]
    assert names("span.status = 'ERROR'") == ["a"]
    assert names("span.type = 'TOOL' AND span.name = 'agent'") == []
    assert names("span.type = 'AGENT' AND span.name = 'agent'") == ["a"]
    assert names("span.content LIKE '%Köln%'") == ["a"]
    assert names("trace.text ILIKE '%WEATHER%'") == ["a"]
    assert names("trace.text LIKE '%WEATHER%'") == []
    assert names("trace.text ILIKE '%nowhere%'") == []


def test_attributes_of_spans(store: Store, add: Add, names: Callable[..., list[str]]) -> None:
    add("a", spans=[{"llm__model": "gpt-4o", "n": 5, "on": True, "other": "gpt-4o-mini"}])
    add("b", spans=[{"llm__model": "gpt-4o-mini", "n": -7}])
    assert names("span.attributes.`llm.model` = 'gpt-4o'") == ["a"]
    assert names("span.attributes.llm.model LIKE '%mini%'") == ["b", "a"]  # another attribute follows
    assert names("span.attributes.n = '5'") == ["a"]
    assert names("span.attributes.n = '-7'") == ["b"]
    assert names("span.attributes.on = 'true'") == ["a"]
    assert names("span.attributes.missing LIKE '%gpt%'") == []
    assert names("span.attributes.`llm.model` ILIKE '%GPT-4O%'") == ["b", "a"]


def test_assessments(store: Store, add: Add, names: Callable[..., list[str]]) -> None:
    a, b, c = add("a"), add("b"), add("c")

    def judge(trace_id: str, name: str, value: Any, **fields: Any) -> str:
        made = Assessment(assessment_name=name, trace_id=trace_id, feedback=Feedback(value=value), **fields)
        return store.create_assessment(made).assessment_id

    judge(a, "score", 0.9)
    judge(b, "score", 3)
    judge(a, "verdict", "yes")
    old = judge(b, "verdict", "yes")
    judge(b, "verdict", "no", overrides=old)
    judge(c, "correct", value=True)
    store.create_assessment(Assessment(assessment_name="answer", trace_id=c, expectation=expectation_of("Paris")))
    assert names("feedback.score > 0.5") == ["b", "a"]
    assert names("feedback.score <= 0.9") == ["a"]
    assert names("feedback.verdict = 'yes'") == ["a"]
    assert names("feedback.verdict != 'yes'") == ["b"]
    assert names("feedback.verdict LIKE '%e%'") == ["a"]
    assert names("feedback.correct = 'true'") == ["c"]
    assert names("feedback.verdict IS NULL") == ["c"]
    assert names("feedback.verdict IS NOT NULL") == ["b", "a"]
    assert names("expectation.answer = 'Paris'") == ["c"]
    assert names("expectation.answer IS NULL AND feedback.score > 1") == ["b"]


def test_tokens_and_cost(add: Add, names: Callable[..., list[str]]) -> None:
    usage = '{"input_tokens": %d, "output_tokens": 2, "total_tokens": %d}'
    for number in (10, 20, 30):
        metadata = {"mlflow.trace.tokenUsage": usage % (number, number + 2), "mlflow.trace.cost": '{"total_cost": 0.5}'}
        add(f"n{number}", trace_metadata=metadata)
    assert names("total_tokens > 20") == ["n30", "n20"]
    assert names("input_tokens = 10 AND output_tokens < 3") == ["n10"]
    assert names("cost >= 0.5", "input_tokens DESC") == ["n30", "n20", "n10"]


def test_models(add: Add, names: Callable[..., list[str]]) -> None:
    add("small", spans=[{"mlflow__llm__model": "gpt-4o-mini"}])
    add("large", spans=[{"mlflow__llm__model": "gpt-4o"}, {"name": "no model"}])
    assert names("span.model = 'gpt-4o'") == ["large"]
    assert names("span.model LIKE 'gpt-4o%'") == ["large", "small"]
    assert names("span.model IN ('gpt-4o-mini', 'o1')") == ["small"]
    assert names("span.model = 'o1'") == []


def test_order(add: Add, names: Callable[..., list[str]]) -> None:
    add("b", execution_time_ms=30, tags={"rank": "2"})
    add("a", execution_time_ms=None, tags={"rank": "1"})
    add("c", execution_time_ms=10)
    assert names("", "timestamp_ms ASC") == ["b", "a", "c"]
    assert names("", "execution_time_ms DESC") == ["b", "c", "a"]
    assert names("", "execution_time ASC") == ["c", "b", "a"]
    assert names("", "name ASC") == ["a", "b", "c"]
    assert names("", "name DESC") == ["c", "b", "a"]
    assert names("", "tags.rank ASC") == ["a", "b", "c"]
    assert names("", "status ASC", "timestamp ASC") == ["b", "a", "c"]
    assert names("", "end_time_ms ASC") == ["b", "a", "c"]


@pytest.mark.parametrize("order_by", [[], ["execution_time_ms DESC"], ["name ASC"], ["tags.x ASC"]])
def test_pages_give_everything_once(store: Store, experiment: str, add: Add, order_by: list[str]) -> None:
    ids = {add(f"t{n % 3}", execution_time_ms=None if n % 4 == 0 else n, tags={"x": str(n % 2)}) for n in range(11)}
    whole = [info.trace_id for info in store.search_traces([experiment], order_by=order_by)]
    found: list[str] = []
    token = None
    while True:
        page = store.search_traces([experiment], order_by=order_by, max_results=3, page_token=token)
        found += [info.trace_id for info in page]
        token = page.token
        if token is None:
            break
    assert found == whole
    assert set(found) == ids


def test_experiments_are_searched_together(
    store: Store, experiment: str, add: Add, unique: Callable[[str], str]
) -> None:
    other = store.create_experiment(unique("other"))
    ids = [add(experiment_id=place) for place in (experiment, other, experiment, other, experiment)]
    found: list[str] = []
    token = None
    for _ in range(3):
        page = store.search_traces([other, experiment], max_results=2, page_token=token)
        found += [info.trace_id for info in page]
        token = page.token
    assert found == ids[::-1]
    assert store.search_traces([]) == []
    assert store.search_traces(["987654321"]) == []


def test_traces_are_found_with_their_assessments(store: Store, experiment: str, add: Add) -> None:
    trace_id = add()
    made = store.create_assessment(
        Assessment(assessment_name="ok", trace_id=trace_id, feedback=Feedback(value=True), rationale="because")
    )
    (found,) = store.search_traces([experiment])
    assert [item.assessment_id for item in found.assessments] == [made.assessment_id]
    assert (found.assessments[0].value, found.assessments[0].rationale) == (True, "because")


@pytest.mark.parametrize(
    "filter_string",
    [
        "colour = 'red'",
        "status = 5",
        "timestamp_ms = 'now'",
        "tags.a = 'x' OR tags.a = 'y'",
        "span.colour = 'x'",
        "span.content = 'x'",
        "feedback.a < 'x'",
        "name ==",
    ],
)
def test_a_bad_filter_is_refused(store: Store, experiment: str, filter_string: str) -> None:
    with pytest.raises(InvalidInput):
        store.search_traces([experiment], filter_string=filter_string)


def test_a_bad_search_of_traces_is_refused(store: Store, experiment: str) -> None:
    with pytest.raises(InvalidInput):
        store.search_traces([experiment], order_by=["colour"])
    with pytest.raises(InvalidInput):
        store.search_traces([experiment], max_results=501)
    with pytest.raises(InvalidInput):
        store.search_traces(["x"])
    with pytest.raises(InvalidInput):
        store.search_traces([experiment], page_token="nonsense")
