"""Requests of packaged models are spans, though most of them do not pass the SDK."""

from __future__ import annotations

from typing import Any

import pytest

import quire
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded
from tests.openai.autologging.upstream import Reply, Upstream, reply


@pytest.fixture
def model(recorded: Recorded, service: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A logged model that asks the simulator."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    logged = quire.openai.log_model(
        name="jokes",
        model="gpt-4o-mini",
        task="chat.completions",
        messages=[{"role": "user", "content": "Joke about {x}"}],
    )
    return quire.pyfunc.load_model(logged.model_uri)


def test_each_request_is_a_span_of_its_model(recorded: Recorded, model: Any) -> None:
    with quire.start_run() as run:
        answers = model.predict(["cats", "dogs", "birds"])
    traces = recorded.traces()
    assert [trace.data.spans[0].name for trace in traces] == ["Completions"] * 3
    assert sorted(trace.data.spans[0].outputs["choices"][0]["message"]["content"] for trace in traces) == sorted(
        answers
    )
    for trace in traces:
        assert trace.info.trace_metadata["mlflow.modelId"] == model.model_id
        assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
        assert trace.data.spans[0].attributes["mlflow.llm.cost"]["total_cost"] > 0
    assert len(quire.search_traces(model_id=model.model_id, return_type="list")) == 3


async def test_asynchronous_predictions_are_below_the_current_span(recorded: Recorded, model: Any) -> None:
    with quire.start_span("evaluation") as outer:
        await model.apredict(["cats", "dogs"])
        assert len([piece async for piece in model.apredict_stream("birds")]) > 1
    (trace,) = recorded.traces()
    calls = [span for span in trace.data.spans if span.parent_id]
    assert [span.parent_id for span in calls] == [outer.span_id] * 3
    assert all(span.outputs["choices"][0]["message"]["content"] for span in calls)
    assert [span.attributes["mlflow.modelId"] for span in calls] == [model.model_id] * 3


def test_a_call_that_is_tried_again_and_one_that_fails(
    recorded: Recorded, model: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", upstream.base_url)
    message = {"role": "assistant", "content": "yes"}
    answer = {"model": "gpt-4o-mini", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    later = Reply([b"{}"], status=429, headers={"retry-after-ms": "1"})
    upstream.put(later, reply(answer), reply({"error": {"message": "no such key"}}, 401))
    assert model.predict(["cats"]) == ["yes"]
    model.predict(["dogs"], on_error="return")
    again, failed = recorded.spans()
    assert (again.attributes["quire.attempts"], again.status.status_code) == (2, "OK")
    assert again.attributes["quire.usage.estimated"] is True
    assert (failed.status.status_code, failed.attributes["error.type"]) == ("ERROR", "authentication")
    assert failed.attributes["http.response.status_code"] == 401


def test_without_autologging_nothing_is_made(recorded: Recorded, model: Any) -> None:
    quire.openai.autolog(disable=True)
    model.predict(["cats"])
    assert recorded.traces() == []
