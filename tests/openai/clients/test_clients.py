"""Clients that nobody here wrote run unchanged: traced, recorded, replayed (`make clients-venv`)."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import SimulatorProcess
from tests.openai.clients.trees import Tree, trees

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9/v1"
"""Where nothing listens."""
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]


@pytest.fixture(scope="module")
def python() -> Path:
    found = REPOSITORY / ".cache" / "clients" / "bin" / "python"
    if not found.exists():
        pytest.skip("the clients are absent: run `make clients-venv`")
    return found


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    """One that answers alike each time, and calls tools where it may."""
    with SimulatorProcess(call_tools="auto", clock=1_700_000_000) as running:
        yield running


class Ran:
    """What a program said by itself, traced, recorded and replayed, also from its traces, and these."""

    def __init__(self, python: Path, simulator: SimulatorProcess, folder: Path, name: str) -> None:
        store = f"sqlite:///{folder / 'quire.db'}"
        self.plain = _run(python, simulator, f"{name}_program.py")
        self.traced = _run(python, simulator, f"{name}_program.py", f"trace={store}")
        self.recorded = _run(python, simulator, f"{name}_program.py", f"record={folder / 'calls.jsonl'}")
        self.replayed = _run(python, None, f"{name}_program.py", f"replay={folder / 'calls.jsonl'}")
        quire.set_tracking_uri(store)
        quire.openai.recording_from_traces("", folder / "traced.jsonl")
        self.from_traces = _run(python, None, f"{name}_program.py", f"replay={folder / 'traced.jsonl'}")
        self.trees = trees(quire.search_traces(return_type="list", max_results=1000))

    def one(self, name: str, contains: str = "") -> Tree:
        """The one trace whose root has this name, and holds this text."""
        (found,) = [tree for tree in self.trees if tree.name == name and contains in tree.text]
        return found


def _run(python: Path, simulator: SimulatorProcess | None, program: str, *arguments: str) -> Any:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src")}
    environment |= {"OPENAI_BASE_URL": NOWHERE} if simulator is None else simulator.environment
    ran = subprocess.run(
        [python, HERE / program, *arguments], env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "Traceback" not in ran.stderr, ran.stderr[-3000:]
    return json.loads(ran.stdout.strip().splitlines()[-1])


def results_are_the_same_with_autologging(ran: Ran) -> None:
    assert ran.traced == ran.plain


def it_runs_offline_from_a_recording(ran: Ran) -> None:
    assert ran.replayed == ran.recorded == ran.plain


def it_runs_offline_from_its_traces(ran: Ran) -> None:
    assert without_pieces(ran.from_traces) == without_pieces(ran.plain)


def without_pieces(said: Any) -> Any:
    """What was said, texts put together and pieces not counted: a trace does not tell where a stream was cut."""
    if isinstance(said, dict):
        return {name: without_pieces(item) for name, item in said.items()}
    if isinstance(said, list):
        texts = [item for item in said if isinstance(item, str)]
        return "".join(texts) if texts else [without_pieces(item) for item in said]
    return said


def every_model_call_has_its_tokens_and_cost_once(ran: Ran) -> None:
    assert ran.trees
    for tree in ran.trees:
        calls = [span for span in tree.walk() if span.usage]
        assert {span.type for span in calls} <= {"CHAT_MODEL", "EMBEDDING"}
        assert all(span.cost > 0 for span in calls), tree
        assert tree.total_tokens == sum(span.usage["total_tokens"] for span in calls)
        models = [span for span in tree.walk() if span.type == "CHAT_MODEL"]
        assert len(models) == len([span for span in calls if span.type == "CHAT_MODEL"]), tree


def a_tool_of_an_agent(ran: Ran) -> None:
    tree = ran.one("Agent workflow", "Add one and two.")
    assert tree.shape == (
        "Agent workflow:AGENT(Calculator:AGENT(Turn 1:CHAIN(AsyncResponses:CHAT_MODEL add:TOOL) "
        "Turn 2:CHAIN(AsyncResponses:CHAT_MODEL)))"
    )
    assert tree.state == "OK"
    assert "Add one and two." in json.dumps(tree.inputs)
    assert tree.outputs == ran.traced["tool"]
    assert tree.total_tokens == ran.traced["tokens of tool"]
    (tool,) = tree.named("add")
    assert set(tool.inputs) == {"a", "b"}
    assert int(tool.outputs) == tool.inputs["a"] + tool.inputs["b"]
    (agent,) = tree.named("Calculator")
    assert agent.attributes["tools"] == ["add"]


def a_tool_that_fails_is_an_error_of_its_own(ran: Ran) -> None:
    tree = ran.one("Agent workflow", "Try.")
    (tool,) = tree.named("fail")
    assert tool.status == "ERROR"
    assert "Error running tool" in tool.message
    assert tree.state == "OK"
    assert [span.name for span in tree.walk() if span.status == "ERROR"] == ["fail"]


def a_handoff_and_a_guardrail(ran: Ran) -> None:
    tree = ran.one("Agent workflow", "Add, please.")
    assert [child.name for child in tree.children] == ["Desk", "Calculator"]
    desk, calculator = tree.children
    (handoff,) = desk.named("Handoff")
    assert (handoff.inputs, handoff.outputs) == ({"from_agent": "Desk"}, {"to_agent": "Calculator"})
    (guardrail,) = desk.named("polite")
    assert (guardrail.type, guardrail.outputs) == ("GUARDRAIL", {"triggered": False})
    assert [span.type for span in calculator.walk()].count("CHAT_MODEL") == 2
    assert tree.metadata["mlflow.trace.session"] == "a conversation"


def a_guardrail_that_trips_ends_the_trace_in_error(ran: Ran) -> None:
    tree = ran.one("Agent workflow", '"triggered": true')
    assert tree.state == "ERROR"
    assert "InputGuardrailTripwireTriggered" in tree.message


def streamed_runs_look_as_whole_ones(ran: Ran) -> None:
    both = [tree for tree in ran.trees if "Add two and three." in tree.text]
    assert sorted(tree.shape for tree in both) == [
        f"Agent workflow:AGENT({name}:AGENT(Turn 1:CHAIN({call}:CHAT_MODEL add:TOOL) Turn 2:CHAIN({call}:CHAT_MODEL)))"
        for name, call in (("Calculator", "AsyncResponses"), ("Chatty", "AsyncCompletions"))
    ]
    assert {tree.outputs for tree in both} == {ran.traced["streamed"][0], ran.traced["chat streamed"][0]}


def a_model_that_asks_no_client_has_a_span_of_its_own(ran: Ran) -> None:
    tree = ran.one("Agent workflow", "Who is a good bird?")
    assert tree.shape == "Agent workflow:AGENT(Parrot:AGENT(Turn 1:CHAIN(Generation:CHAT_MODEL)))"
    (model,) = tree.named("Generation")
    assert model.usage == {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    assert tree.outputs == "Polly!"


def a_trace_of_the_programs_own_holds_its_runs(ran: Ran) -> None:
    tree = ran.one("Two steps")
    assert Counter(span.type for span in tree.walk()) == {"AGENT": 3, "CHAIN": 7, "CHAT_MODEL": 4, "TOOL": 2}
    (prepared,) = tree.named("prepare")
    assert prepared.outputs == {"a": 1}
    assert len(prepared.named("Calculator")) == 1


def runs_beside_each_other_keep_to_themselves(ran: Ran) -> None:
    for number in range(4):
        tree = ran.one("Agent workflow", f"Add {number} and one.")
        assert [span.type for span in tree.walk()].count("CHAT_MODEL") == 2
        assert not any(f"Add {other} and one." in tree.text for other in range(4) if other != number)


def every_run_is_one_trace(ran: Ran) -> None:
    assert Counter(tree.name for tree in ran.trees) == {"Agent workflow": 11, "Two steps": 1}


def langchains_calls_are_traces(ran: Ran) -> None:
    assert Counter(tree.name for tree in ran.trees) == {
        "Completions": 6,
        "AsyncCompletions": 2,
        "Embeddings": 2,
        "Responses": 1,
    }
    outputs = [json.dumps(tree.outputs) for tree in ran.trees]
    assert all(any(text in output for output in outputs) for text in (ran.traced["invoke"], ran.traced["async"][1]))


def instructors_attempts_are_traces(ran: Ran) -> None:
    assert ran.traced["attempts"] == 2
    assert Counter(tree.name for tree in ran.trees) == {"Completions": 5, "AsyncCompletions": 1}
    assert all(tree.state == "OK" for tree in ran.trees)


def pydantics_calls_are_traces(ran: Ran) -> None:
    assert Counter(tree.name for tree in ran.trees) == {"AsyncCompletions": 5, "AsyncResponses": 4}
    streamed = [tree for tree in ran.trees if "Add two and three." in tree.text]
    assert len(streamed) == 4
    assert all(
        json.dumps(ran.traced[name]) in json.dumps([tree.outputs for tree in streamed]) for name in ("streamed",)
    )


EVERY = [
    results_are_the_same_with_autologging,
    every_model_call_has_its_tokens_and_cost_once,
    it_runs_offline_from_a_recording,
    it_runs_offline_from_its_traces,
]
CHECKS: dict[str, list[Callable[[Ran], None]]] = {
    "agents": [
        *EVERY,
        a_tool_of_an_agent,
        a_tool_that_fails_is_an_error_of_its_own,
        a_handoff_and_a_guardrail,
        a_guardrail_that_trips_ends_the_trace_in_error,
        streamed_runs_look_as_whole_ones,
        a_model_that_asks_no_client_has_a_span_of_its_own,
        a_trace_of_the_programs_own_holds_its_runs,
        runs_beside_each_other_keep_to_themselves,
        every_run_is_one_trace,
    ],
    "langchain": [*EVERY, langchains_calls_are_traces],
    "instructor": [*EVERY, instructors_attempts_are_traces],
    "pydantic": [*EVERY, pydantics_calls_are_traces],
}


@pytest.mark.timeout(600)  # four programs that import much, on whatever machine
@pytest.mark.parametrize("client", CHECKS)
def test_a_client_runs_unchanged_and_is_traced(
    client: str, python: Path, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    ran = Ran(python, simulator, tmp_path, client)
    for check in CHECKS[client]:
        check(ran)
