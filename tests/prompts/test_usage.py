"""What used a version of a prompt: runs, evaluations, models and traces."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import quire
import quire.openai
import quire.pyfunc
from quire.domain.errors import InvalidInput, NotFound
from quire.scorers import Length
from quire.simulator import Behaviour
from quire.testing import Simulator


@pytest.fixture(autouse=True)
def _prompts() -> None:
    quire.register_prompt("solver", [{"role": "user", "content": "{{question}}\nAnswer:"}])
    quire.register_prompt("solver", [{"role": "user", "content": "{{question}}"}])
    quire.register_prompt("solver-2", "other")


def test_a_prompt_loaded_in_a_run_is_linked_to_it_once() -> None:
    with quire.start_run() as run:
        for uri in ("prompts:/solver/1", "prompts:/solver/1", "prompts:/solver/2", "prompts:/solver-2/1"):
            quire.load_prompt(uri)
    quire.load_prompt("prompts:/solver/1")
    linked = json.loads(quire.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"])
    assert [(item["name"], item["version"]) for item in linked] == [("solver", "1"), ("solver", "2"), ("solver-2", "1")]
    for uri in ("prompts:/solver/1", "prompts:/solver@latest", "prompts:/solver-2/1"):
        assert [item.info.run_id for item in quire.prompt_usage(uri).runs] == [run.info.run_id]
    assert [item.uri for item in quire.Client().list_logged_prompts(run.info.run_id)] == [
        "prompts:/solver/1",
        "prompts:/solver/2",
        "prompts:/solver-2/1",
    ]


def test_a_link_can_be_taken_back() -> None:
    client = quire.Client()
    with quire.start_run() as run:
        pass
    client.link_prompt_version_to_run(run.info.run_id, "prompts:/solver/1")
    client.detach_prompt_from_run(run.info.run_id, "prompts:/solver/1")
    assert quire.prompt_usage("prompts:/solver/1").runs == []
    with pytest.raises(InvalidInput, match="is not linked"):
        client.detach_prompt_from_run(run.info.run_id, "prompts:/solver/1")
    with pytest.raises(NotFound):
        client.link_prompt_version_to_run("0" * 32, "prompts:/solver/1")


def test_threads_that_link_at_once_lose_no_link() -> None:
    prompts = [quire.register_prompt(f"many-{number}", "x") for number in range(8)]
    client = quire.Client()
    with quire.start_run() as run:
        pass
    together = Barrier(8)

    def link(prompt: quire.PromptVersion) -> None:
        together.wait()
        client.link_prompt_version_to_run(run.info.run_id, prompt)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(link, prompts))
    assert len(client.list_logged_prompts(run.info.run_id)) == 8


def test_a_trace_is_linked_to_what_it_loads() -> None:
    @quire.trace
    def solve(question: str) -> object:
        return quire.load_prompt("prompts:/solver/1").format(question=question)

    solve("1 + 1")
    quire.flush_trace_async_logging()
    (trace,) = quire.prompt_usage("prompts:/solver/1").traces
    assert trace.trace_id == quire.get_last_active_trace_id()
    assert quire.prompt_usage("prompts:/solver/2").traces == []


def test_a_model_made_of_a_prompt_is_linked_with_its_run() -> None:
    prompt = quire.load_prompt("solver", 1)
    with quire.start_run() as run:
        info = quire.openai.log_model("gpt-4o-mini", "chat.completions", messages=prompt, name="m")
    used = quire.prompt_usage(prompt)
    assert [model.model_id for model in used.models] == [info.model_id]
    assert [item.info.run_id for item in used.runs] == [run.info.run_id]
    assert (used.uri, used.complete) == ("prompts:/solver/1", True)


def test_an_evaluation_is_found_by_its_own_link_and_by_that_of_a_child() -> None:
    with quire.start_run(tags={"mlflow.runType": "genai_evaluate"}) as parent, quire.start_run(nested=True) as child:
        quire.load_prompt("prompts:/solver/1")
    used = quire.prompt_usage("prompts:/solver/1")
    assert [run.info.run_id for run in used.runs] == [child.info.run_id]
    assert [run.info.run_id for run in used.evaluations] == [parent.info.run_id]


def test_an_evaluation_of_a_prompt_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = quire.load_prompt("solver", 1)
    with Simulator(Behaviour(echo=True)) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        done = quire.evaluate(
            [{"inputs": {"question": "1 + 1"}}], {"first": (prompt, "gpt-4o-mini")}, scorers=[Length()]
        )
    used = quire.prompt_usage("prompts:/solver/1")
    assert [run.info.run_id for run in used.runs] == [done.run_ids["first"]]
    assert [run.info.run_id for run in used.evaluations] == [used.runs[0].data.tags["mlflow.parentRunId"]]


def test_what_a_model_made_of_a_prompt_did_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    info = quire.openai.log_model("gpt-4o-mini", "chat.completions", messages=quire.load_prompt("solver", 1), name="m")
    with Simulator(Behaviour(echo=True)) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        data = [{"inputs": {"question": "1 + 1"}}]
        done = quire.evaluate(data, {"first": info.model_uri}, scorers=[Length()])
        model = quire.pyfunc.load_model(info.model_uri)
        with quire.start_span("ask"):
            model.predict([{"question": "2 + 2"}])
        quire.flush_trace_async_logging()
        asked = quire.get_last_active_trace_id()
    used = quire.prompt_usage("prompts:/solver/1")
    assert [run.info.run_id for run in used.runs] == [done.run_ids["first"]]
    assert asked in [trace.trace_id for trace in used.traces]
    assert len(used.evaluations) == 1


def test_no_more_is_given_than_was_asked_for() -> None:
    for _ in range(3):
        with quire.start_run():
            quire.load_prompt("prompts:/solver/1")
    used = quire.prompt_usage("prompts:/solver/1", max_results=2)
    assert (len(used.runs), used.complete) == (2, False)
    with pytest.raises(InvalidInput):
        quire.prompt_usage("prompts:/solver/1", max_results=0)


def test_a_tag_that_is_not_what_it_should_be_is_no_link() -> None:
    for text in ('"solver"', '[{"name": "solver"}]', "[1]"):
        with quire.start_run(tags={"mlflow.linkedPrompts": text}):
            pass
    assert quire.prompt_usage("prompts:/solver/1").runs == []


def test_a_logged_model_is_linked_on_request() -> None:
    model = quire.initialize_logged_model("m")
    quire.load_prompt("solver", 1, model_id=model.model_id)
    quire.load_prompt("solver", 2, model_id=model.model_id, link_to_model=False)
    assert [item.model_id for item in quire.prompt_usage("prompts:/solver/1").models] == [model.model_id]
    assert quire.prompt_usage("prompts:/solver/2").models == []


def test_what_does_not_exist_has_no_usage() -> None:
    with pytest.raises(NotFound):
        quire.prompt_usage("prompts:/solver/9")
    with pytest.raises(InvalidInput):
        quire.prompt_usage("solver")
