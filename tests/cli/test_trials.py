"""``quire trials``: an A/B test from the command line, from its start to the promotion of its winner."""

from __future__ import annotations

from pathlib import Path

import pytest

import quire
from tests.cli.conftest import Quire


@pytest.fixture
def joker(workspace: Path) -> None:
    """A prompt with three versions, the first of which serves."""
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    for text in ("Tell a joke about {{topic}}.", "Tell a short joke about {{topic}}.", "A long one, {{topic}}."):
        quire.register_prompt("joker", text)
    quire.set_prompt_alias("joker", "champion", 1)
    quire.set_tracking_uri(None)


def test_from_the_start_to_the_promotion(quick: Quire, joker: None) -> None:
    started = quick(
        "trials", "start", "prompts:/joker", "--arm", "short=2", "-m", "thumb", "--promote", "--max-arms", "3"
    )
    trial_id = started.out.split()[2]
    assert started.out == f"The trial {trial_id} on prompts:/joker runs.\n"
    (listed,) = quick("trials", "list", "--json").json["trials"]
    assert (listed["trial_id"], listed["spec"]["stopping"]["on_win"]) == (trial_id, "promote")
    assert trial_id in quick("trials", "list").out
    assert "paused" in quick("trials", "pause", "prompts:/joker").out
    assert "runs again" in quick("trials", "resume", trial_id).out
    assert "has the arm long" in quick("trials", "add-arm", "prompts:/joker", "long=3,0.1").out
    assert "is without long" in quick("trials", "remove-arm", "prompts:/joker", "long", "-r", "too long").out
    given = quick("trials", "assign", trial_id, "ann", "bob", "--json").json["assignments"]
    assert quick("trials", "assign", trial_id, "ann").out.splitlines()[1].split() == ["ann", given["ann"]["arm"], "0"]
    assert "thumb of ann is counted." in quick("trials", "record", trial_id, "ann", "thumb", "1").out
    assert "does not count" in quick("trials", "record", trial_id, "ann", "thumb", "0").out
    shown = quick("trials", "show", "prompts:/joker")
    assert "Too early: 100 units of each arm come before a verdict" in shown.out
    assert quick("trials", "show", trial_id, "--json").json["metrics"]["thumb"]["arms"][given["ann"]["arm"]]["n"] == 1
    refused = quick("trials", "promote", trial_id)
    assert "Nothing is promoted" in refused.err
    assert (
        "has ended: promoted by hand: we like it"
        in quick("trials", "promote", trial_id, "--force", "--arm", "short", "-r", "we like it").out
    )
    assert quick("prompts", "show", "joker@champion", "--json").json["version"] == 2
    assert quick("trials", "list", "--state", "running").out == "There are no trials.\n"
    assert "is ended already" in quick("trials", "stop", trial_id).err


def test_a_file_says_all(quick: Quire, joker: None, tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text("prompt: joker\narms: {short: 2}\nmetrics: [thumb]\n")
    assert quick("trials", "start", "--file", str(file), "--json").json["spec"]["subject"] == "prompts:/joker"
    assert "has ended" in quick("trials", "stop", "prompts:/joker", "--reason", "a test").out


def test_keeping_looks_once_at_each_trial(quick: Quire, joker: None) -> None:
    quick("trials", "start", "prompts:/joker", "--arm", "short=2", "-m", "thumb", "--most-days", "1e-9")
    done = quick("trials", "keep", "--once")
    assert done.out == "1 step made.\n"
    assert "ended" in done.err
    assert quick("trials", "keep", "--once", "--json").json == {"done": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start", "prompts:/joker"], "Say what to try"),
        (["start", "prompts:/joker", "--arm", "short"], "is no NAME=URI"),
        (["start", "prompts:/joker", "--arm", "short=2,x", "-m", "thumb"], "where a number is expected"),
        (["start", "prompts:/joker", "--arm", "short=2", "-m", "stars=1"], "is no NAME=LOW,HIGH"),
        (["start", "prompts:/joker", "--arm", "short=2", "-m", "thumb", "-g", "cost_usd"], "is no METRIC=MARGIN"),
        (["start", "prompts:/joker", "--arm", "short=2", "--file", "x.yaml"], "give it alone"),
        (["start", "--file", "x.yaml"], "No such file"),
        (["start", "prompts:/joker", "--arm", "short=2", "-m", "thumb", "--allocation", "bandit"], "allocation"),
        (["show", "prompts:/joker"], "There is no trial on"),
        (["show", "t-none"], "No trial has the id"),
        (["list", "--state", "gone"], "There is no state"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(quick: Quire, joker: None, words: list[str], said: str) -> None:
    assert said in quick("trials", *words).err
