"""The tracing processor alone, given what the Agents SDK gives it, in orders that its own runs seldom have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import quire
from quire.openai.autologging.agents import AgentTraces
from quire.openai.autologging.options import AutologOptions, set_options
from quire.tracing import get_current_active_span
from tests.openai.clients.trees import Tree, trees


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'quire.db'}")


def now() -> str:
    return datetime.now(UTC).isoformat()


class Run:
    """A trace of the Agents SDK, and its spans."""

    def __init__(self, processor: AgentTraces, name: str = "Work") -> None:
        self.processor = processor
        self.trace = SimpleNamespace(trace_id=f"trace_{id(self)}", name=name, metadata={"team": "a"}, group_id=None)

    def __enter__(self) -> Run:
        self.processor.on_trace_start(self.trace)
        return self

    def __exit__(self, *error: object) -> None:
        self.processor.on_trace_end(self.trace)

    def begin(self, kind: str, parent: Any = None, **data: Any) -> Any:
        span = SimpleNamespace(
            span_id=f"span_{datetime.now(UTC).timestamp()}_{kind}",
            trace_id=self.trace.trace_id,
            parent_id=parent and parent.span_id,
            span_data=SimpleNamespace(type=kind, **data),
            error=None,
            started_at=now(),
            ended_at=None,
        )
        self.processor.on_span_start(span)
        return span

    def end(self, span: Any) -> None:
        span.ended_at = now()
        self.processor.on_span_end(span)

    @contextlib.contextmanager
    def step(self, kind: str, parent: Any = None, **data: Any) -> Iterator[Any]:
        span = self.begin(kind, parent, **data)
        try:
            yield span
        finally:
            self.end(span)


def agent(name: str = "A") -> dict[str, Any]:
    return {"name": name, "handoffs": [], "tools": ["look"], "output_type": "str"}


def generation(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "input": [{"role": "user", "content": "Who?"}],
        "output": [{"role": "assistant", "content": "You."}],
        "model": "gpt-4o-mini",
        "model_config": {"temperature": 0.5, "top_p": None},
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }
    return {**given, **changes}


def stored() -> list[Tree]:
    return trees(quire.search_traces(return_type="list", flush=True))


def test_a_run_as_a_tree() -> None:
    with Run(AgentTraces()) as run, run.step("agent", **agent()) as outer:
        with run.step("generation", outer, **generation()):
            pass
        with run.step("function", outer, name="look", input='{"where": "here"}', output="found", mcp_data=None):

            @quire.trace
            def inside() -> int:
                return 1

            inside()
    (tree,) = stored()
    assert tree.shape == "Work:AGENT(A:AGENT(Generation:CHAT_MODEL look:TOOL(inside:UNKNOWN)))"
    (model,) = tree.named("Generation")
    assert model.usage == {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    assert model.attributes["model_config"] == {"temperature": 0.5}
    assert model.cost > 0
    assert (tree.inputs, tree.outputs, tree.total_tokens) == ([{"role": "user", "content": "Who?"}], "You.", 15)
    assert tree.attributes["team"] == "a"
    assert get_current_active_span() is None


def test_it_stands_below_a_span_of_the_programs_own() -> None:
    with quire.start_span("mine"), Run(AgentTraces()) as run, run.step("agent", **agent()):
        pass
    (tree,) = stored()
    assert tree.shape == "mine:UNKNOWN(Work:AGENT(A:AGENT))"


def test_an_error_that_leaves_a_run_is_that_of_each_step_it_leaves() -> None:
    def fail() -> None:
        with Run(AgentTraces()) as run, run.step("agent", **agent()):
            run.end(run.begin("agent", **agent("unharmed")))
            raise ValueError("too much")

    with pytest.raises(ValueError, match="too much"):
        fail()
    (tree,) = stored()
    assert {span.name: span.status for span in tree.walk()} == {"Work": "ERROR", "A": "ERROR", "unharmed": "OK"}
    assert tree.message == "ValueError: too much"


def test_a_run_while_an_error_is_handled_is_none() -> None:
    try:
        raise ValueError("before")
    except ValueError:
        with Run(AgentTraces()) as run, run.step("agent", **agent()):
            pass
    (tree,) = stored()
    assert [span.status for span in tree.walk()] == ["OK", "OK"]


def test_what_the_sdk_calls_an_error_is_one() -> None:
    with Run(AgentTraces()) as run, run.step("function", name="f", input="not json", output=None) as step:
        step.error = {"message": "It failed", "data": {"why": "tired"}}
    (tree,) = stored()
    (tool,) = tree.named("f")
    assert (tool.status, tool.inputs) == ("ERROR", "not json")
    assert "It failed" in tool.message
    assert "tired" in tool.message
    assert tree.status == "OK"


def test_steps_that_nobody_ends_end_with_their_run() -> None:
    processor = AgentTraces()
    with Run(processor) as run:
        forgotten = run.begin("agent", **agent())
        run.begin("generation", forgotten, **generation())
    run.end(forgotten)
    (tree,) = stored()
    assert tree.shape == "Work:AGENT(A:AGENT)"
    assert not processor._open
    assert get_current_active_span() is None


def test_a_step_of_an_unknown_run_is_recorded_alone() -> None:
    run = Run(AgentTraces())
    with run.step("agent", **agent()):
        pass
    (tree,) = stored()
    assert tree.shape == "A:AGENT"


def test_a_guardrails_and_a_tools_model_calls_stay_theirs() -> None:
    with Run(AgentTraces()) as run, run.step("agent", **agent()) as outer:
        with run.step("guardrail", outer, name="polite", triggered=False) as guardrail:
            run.end(run.begin("generation", guardrail, **generation(output=[{"content": "Polite."}])))
        with run.step("generation", outer, **generation()):
            pass
    (tree,) = stored()
    assert tree.outputs == "You."
    (guardrail,) = tree.named("polite")
    assert (guardrail.outputs, guardrail.total_tokens) == ({"triggered": False}, 30)


def test_no_content_is_kept_if_none_is_to_be() -> None:
    set_options(AutologOptions(capture_content=False))
    try:
        with Run(AgentTraces()) as run, run.step("generation", **generation(input="a secret", output="told")):
            pass
    finally:
        set_options(AutologOptions())
    (tree,) = stored()
    assert "secret" not in tree.text
    assert "told" not in tree.text
    assert tree.total_tokens == 15


def test_what_cannot_be_read_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    processor = AgentTraces()
    with Run(processor) as run:
        run.end(run.begin("agent"))
        run.end(run.begin("function", name="f"))
        run.end(SimpleNamespace(span_id="never begun"))
        processor.on_span_start(object())
        processor.on_trace_start(object())
    assert "could not be recorded" in caplog.text
    (tree,) = stored()
    assert tree.name == "Work"
    assert get_current_active_span() is None
