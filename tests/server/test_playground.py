"""The calls of the playground, over a real socket, with a simulator as the service."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import Simulator
from tests.eventually import eventually
from tests.server.conftest import Served, serving

API = "/api/quire/v1/playground"
SERVICE = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_TYPE")


@pytest.fixture
def served(tmp_path: Path, simulator: Simulator) -> Iterator[Served]:
    simulator.behave(recording={"Say hello to Ada.": "Hello, Ada!"})
    with serving(tmp_path) as found:
        quire.set_tracking_uri(found.url)
        yield found


def variant(**fields: Any) -> dict[str, Any]:
    template = [{"role": "user", "content": "Say hello to {{name}}."}]
    return {"model": "gpt-4o-mini", "template": template, **fields}


def ask(served: Served, body: Any) -> list[dict[str, Any]]:
    """The events of an answer."""
    answer = served.call("POST", f"{API}/ask", body)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/event-stream"
    blocks = answer.body.decode().strip().split("\n\n")
    return [json.loads(block.removeprefix("data: "))["event"] for block in blocks]


def text(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["type"] == "delta")


def test_an_answer_streams_and_ends_with_what_it_took(served: Served) -> None:
    events = ask(served, {"variant": variant(), "values": {"name": "Ada", "unused": "x"}})
    assert text(events) == "Hello, Ada!"
    last = events[-1]
    assert last["type"] == "done"
    assert last["finish_reason"] == "stop"
    assert last["simulated"] is True
    assert last["input_tokens"] > 0
    assert last["output_tokens"] > 0
    assert last["cost_usd"] > 0
    assert 0 < last["first_token_ms"] <= last["latency_ms"]


def test_an_answer_can_be_found_as_a_trace(served: Served) -> None:
    last = ask(served, {"variant": variant(), "values": {"name": "Ada"}})[-1]
    trace = quire.get_trace(last["trace_id"])
    assert trace is not None
    assert trace.info.response_preview == "Hello, Ada!"
    experiment = quire.get_experiment_by_name("playground")
    assert experiment is not None
    assert trace.info.experiment_id == experiment.experiment_id
    assert json.loads(trace.info.trace_metadata["mlflow.trace.cost"])["total_cost"] == pytest.approx(last["cost_usd"])


def test_nothing_is_kept_where_that_is_asked(served: Served) -> None:
    last = ask(served, {"variant": variant(), "values": {"name": "Ada"}, "trace": False})[-1]
    assert "trace_id" not in last
    assert quire.get_experiment_by_name("playground") is None


def test_responses_are_asked_too(served: Served) -> None:
    events = ask(served, {"variant": variant(task="responses"), "values": {"name": "Ada"}})
    assert text(events) == "Hello, Ada!"
    assert (events[-1]["type"], events[-1]["finish_reason"]) == ("done", "completed")
    assert events[-1]["cost_usd"] > 0


def test_the_service_says_itself_why_it_refuses(served: Served, simulator: Simulator) -> None:
    simulator.behave(error_rates={"server_error": 1.0})
    (last,) = ask(served, {"variant": variant(), "values": {"name": "Ada"}})
    assert last["type"] == "error"
    assert "The service refused the request" in last["message"]
    trace = quire.get_trace(last["trace_id"])
    assert trace is not None
    assert trace.info.state == "ERROR"


def test_a_variable_without_a_value_is_named_before_anything_is_sent(served: Served, simulator: Simulator) -> None:
    answer = served.call("POST", f"{API}/ask", {"variant": variant()})
    assert answer.status == 400
    assert "no value for 'name'" in answer.json["message"]
    assert simulator.requests == []


def test_a_policy_limits_what_may_be_set(served: Served, simulator: Simulator) -> None:
    params = [quire.types.ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)]
    quire.register_prompt("greeting", "Say hello to {{name}}.", model_config={"model_name": "gpt-4o"}, params=params)
    base = served.call("GET", f"{API}/base?uri=prompts:/greeting/1").json
    assert base["variant"]["model"] == "gpt-4o"
    (field,) = base["policy"]
    assert (field["name"], field["minimum"], field["maximum"]) == ("temperature", 0, 1)
    for params_given in ({"temperature": 2}, {"seed": 1}):
        refused = served.call("POST", f"{API}/ask", {"variant": {**base["variant"], "params": params_given}})
        assert refused.status == 400
    asked = {**base["variant"], "params": {"temperature": 0.25}}
    assert text(ask(served, {"variant": asked, "values": {"name": "Ada"}})) == "Hello, Ada!"
    assert simulator.requests[-1].body["temperature"] == 0.25


def test_a_model_version_is_a_base(served: Served, simulator: Simulator) -> None:
    signature = quire.models.ModelSignature(
        params=quire.types.ParamSchema([quire.types.ParamSpec("temperature", "double", 0.5, maximum=1)])
    )
    with quire.start_run():
        quire.openai.log_model(
            "gpt-4o-mini",
            "chat.completions",
            name="m",
            messages=[{"role": "user", "content": "Say hello to {name}. {{x}}"}],
            signature=signature,
            seed=7,
            registered_model_name="hello",
        )
    base = served.call("GET", f"{API}/base?uri=models:/hello/1").json
    assert base["variant"]["template"] == [{"role": "user", "content": "Say hello to {{name}}. {x}"}]
    assert base["fixed"] == {"seed": 7}
    assert base["uri"] == "models:/hello/1"
    ask(served, {"variant": base["variant"], "values": {"name": "Ada"}})
    assert simulator.requests[-1].body["seed"] == 7
    assert simulator.requests[-1].body["messages"][0]["content"] == "Say hello to Ada. {x}"


def test_variables_are_found_and_mistakes_are_said(served: Served) -> None:
    given = [variant(), variant(model=""), variant(template=""), variant(params={"api_key": "x"})]
    found = served.call("POST", f"{API}/check", {"variants": given}).json["variants"]
    assert found[0] == {"variables": ["name"]}
    assert "No model is named" in found[1]["problem"]
    assert "empty" in found[2]["problem"]
    assert "api_key" in found[3]["problem"]


def test_a_variant_becomes_a_version_of_a_prompt(served: Served) -> None:
    body = {"name": "saved", "variant": variant(params={"temperature": 0.1}), "commit_message": "Kinder"}
    made = served.call("POST", f"{API}/save", body).json
    assert made == {"name": "saved", "version": 1, "uri": "prompts:/saved/1"}
    prompt = quire.load_prompt("prompts:/saved/1")
    assert prompt.template == variant()["template"]
    assert prompt.commit_message == "Kinder"
    assert prompt.model_config is not None
    assert prompt.model_config["temperature"] == 0.1


def test_a_saved_version_has_the_policy_that_was_written(served: Served) -> None:
    params = [quire.types.ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)]
    config = {"model_name": "gpt-4o", "seed": 7}
    quire.register_prompt("greeting", "Say hello to {{name}}.", model_config=config, params=params)
    base = served.call("GET", f"{API}/base?uri=prompts:/greeting/1").json["variant"]
    chosen = {**base, "params": {"temperature": 0.25}}

    def saved(**fields: Any) -> Any:
        made = served.call("POST", f"{API}/save", {"name": "greeting", "variant": chosen, **fields})
        assert made.status == 200, made.body
        return quire.load_prompt(made.json["uri"])

    kept = saved()
    assert [(spec.name, spec.default) for spec in kept.params] == [("temperature", 0.25)]
    opened = saved(policy=[{"name": "seed", "type": "long", "default": 1, "minimum": 0}])
    assert [(spec.name, spec.default, spec.minimum) for spec in opened.params] == [("seed", 1, 0)]
    assert opened.model_config["temperature"] == 0.25
    assert "seed" not in opened.model_config
    assert len(saved(policy=[]).params) == 0
    without = saved(without_policy=True)
    assert without.params is None
    assert (without.model_config["temperature"], without.model_config["seed"]) == (0.25, 7)
    wrong = {"name": "greeting", "variant": chosen, "policy": [{"name": "seed", "type": "long", "default": "x"}]}
    refused = served.call("POST", f"{API}/save", wrong)
    assert (refused.status, "expected a long" in refused.json["message"]) == (400, True)


def test_a_long_answer_comes_in_few_events(served: Served, simulator: Simulator) -> None:
    words = "word " * 200_000
    simulator.behave(recording={"Say hello to Ada.": words})
    events = ask(served, {"variant": variant(), "values": {"name": "Ada"}})
    assert text(events).strip() == words.strip()
    assert events[-1]["output_tokens"] >= 200_000
    assert len(events) < 2_000


def test_whoever_goes_away_ends_the_request_upstream(served: Served, simulator: Simulator) -> None:
    simulator.behave(recording={"Say hello to Ada.": "word " * 400}, token_latency_ms=50)
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request("POST", f"{API}/ask", json.dumps({"variant": variant(), "values": {"name": "Ada"}}))
    began = time.monotonic()
    connection.getresponse().read(10)
    connection.close()
    eventually(lambda: bool(_traces()), seconds=10)
    assert time.monotonic() - began < 10
    found = _traces()
    assert found[0].info.state == "ERROR"
    assert "went away" in found[0].data.spans[0].status.description


def _traces() -> list[Any]:
    found = quire.get_experiment_by_name("playground")
    return [] if found is None else quire.search_traces(locations=[found.experiment_id], return_type="list")


def test_the_key_is_never_told_and_a_missing_one_is(
    served: Served, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key-1234567890abcdef")
    answer = served.call("GET", f"{API}/service")
    assert answer.json["ready"] is True
    assert answer.json["address"] == simulator.base_url
    assert b"secret" not in answer.body
    for name in SERVICE:
        monkeypatch.delenv(name, raising=False)
    assert "quire simulate" in served.call("GET", f"{API}/service").json["problem"]
    refused = served.call("POST", f"{API}/ask", {"variant": variant(), "values": {"name": "Ada"}})
    assert (refused.status, "OPENAI_API_KEY" in refused.json["message"]) == (400, True)
