"""DSPy writes the proposals; requests, limit and decision stay Quire's."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import quire
from quire.domain.errors import InvalidInput, MissingExtra
from quire.optimize import DspyProposer
from tests.optimize.conftest import BAD, BETTER, GOOD, Answering, exact


def test_without_dspy_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dspy", None)
    with pytest.raises(MissingExtra, match=r"quire\[dspy\]"):
        DspyProposer("gpt-4o-mini")


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(InvalidInput, match="step is 'best'; expected one of copro, gepa"):
        DspyProposer("gpt-4o-mini", step="best")


@pytest.mark.parametrize("step", ["copro", "gepa"])
def test_a_step_of_dspy_proposes(answering: Answering, prompt: Any, data: Any, step: str) -> None:
    pytest.importorskip("dspy")
    simulator = answering()
    said = {
        "copro": f"[[ ## proposed_instruction ## ]]\n{BETTER}\n\n"
        "[[ ## proposed_prefix_for_output_field ## ]]\nWord:\n\n[[ ## completed ## ]]",
        "gepa": f"They want the word.\n```\n{BETTER}\n```",
    }
    asks = "Each new instruction must hold"
    simulator.behave(recording={**simulator.behaviour.recording, asks: said[step]})
    proposer = DspyProposer("gpt-4o", step=step)
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposals=2, proposer=proposer)
    assert (found.decision, found.best.template) == ("better", BETTER)
    asked = [one for one in simulator.requests if asks in one.body["messages"][-1]["content"]]
    assert {one.body["model"] for one in asked} == {"gpt-4o"}
    assert BAD in asked[0].body["messages"][-1]["content"]
    assert found.calls == len(simulator.requests)
    assert proposer.spent.cost_usd


@pytest.mark.parametrize("step", ["copro", "gepa"])
def test_an_answer_that_dspy_cannot_use_is_discarded(answering: Answering, prompt: Any, data: Any, step: str) -> None:
    pytest.importorskip("dspy")
    simulator = answering()
    simulator.behave(recording={**simulator.behaviour.recording, "Each new instruction must hold": "Sorry."})
    proposer = DspyProposer("gpt-4o", step=step)
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposals=2, proposer=proposer)
    assert found.decision == "no candidate"
    assert found.discarded
    assert found.stopped is None


def test_calls_of_dspy_are_within_the_limit(answering: Answering, prompt: Any, data: Any) -> None:
    pytest.importorskip("dspy")
    simulator = answering()
    said = f"```\n{BETTER}\n```"
    simulator.behave(recording={**simulator.behaviour.recording, "Each new instruction must hold": said})
    found = quire.optimize_prompt(
        prompt, data, exact, max_calls=43, proposals=9, proposer=DspyProposer("gpt-4o", step="gepa")
    )
    assert len(simulator.requests) == found.calls <= 43  # 16 for the original, 24 kept back: three are left
    assert found.stopped is not None


def test_messages_are_not_for_dspy(data: Any) -> None:
    pytest.importorskip("dspy")
    chat = quire.register_prompt("chat", [{"role": "user", "content": GOOD}])
    with pytest.raises(InvalidInput, match="one text"):
        quire.optimize_prompt(chat, data, exact, model="gpt-4o-mini", max_calls=9, proposer=DspyProposer("gpt-4o-mini"))
