"""The page of a trial: verdict first, its figures over time, and what can be done about it, each with a reason."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

import pytest

import quire
from quire import trials
from quire.domain.assignment import assign
from quire.domain.endpoints import Endpoint
from quire.domain.ids import now_ms
from quire.domain.trials import EXPOSED, Outcome, Trial
from quire.store.current import current_store
from quire.store.serving import serving_of
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says


@pytest.fixture
def prompt(quire_server: str) -> str:
    """A prompt with three versions, the first of which serves."""
    quire.set_tracking_uri(quire_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    for text in ("Tell a joke about {{topic}}.", "Tell a short joke about {{topic}}.", "Tell a joke, {{topic}}."):
        quire.register_prompt(name, text)
    quire.set_prompt_alias(name, "champion", 1)
    return name


def begin(prompt: str, **fields: object) -> Trial:
    given = {"plain": 1, "short": 2}
    metrics = [trials.TrialMetric(name="thumb", low=0, high=1), trials.TrialMetric(name="stars", low=1, high=5)]
    options = {"guardrails": {"failed": 0.02}, "max_arms": 3, "reason": "Shorter may be funnier.", **fields}
    return trials.start(f"prompts:/{prompt}", given, metrics, {"metric": "thumb", "least_units": 50}, **options)  # type: ignore[arg-type]


def fill(trial: Trial, n: int, *, better: float = 0.3, lost: float = 0.0, every_ms: int = 1000) -> None:
    """Units that came evenly over the last day, each with the outcomes of an unfair coin; some of ``short`` lost."""
    chance, begun = random.Random(7), trial.phases[0].start_time
    rows, known = [], {EXPOSED, *(metric.name for metric in trial.spec.metrics)}
    for number in range(n):
        given = assign(trial, f"user {number}", begun)
        if given is None or (given.arm == "short" and chance.random() < lost):
            continue
        good = chance.random() < 0.4 + better * (given.arm == "short")
        values = {EXPOSED: 1.0, "thumb": float(good), "stars": 1.0 + 4 * good}
        at = begun + number * every_ms
        rows += [
            Outcome(
                trial_id=trial.trial_id,
                metric=metric,
                arm=given.arm,
                phase=given.phase,
                unit=given.unit,
                value=value,
                at=at,
            )
            for metric, value in values.items()
            if metric in known
        ]
    for first in range(0, len(rows), 3000):
        serving_of(current_store()).record_outcomes(rows[first : first + 3000])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server of these tests' own, and the URI of its database."""
    folder = tmp_path_factory.mktemp("lab")
    with QuireServer(folder) as server:
        yield server.url, f"sqlite:///{folder}/quire.db"


@pytest.mark.slow
def test_intervals_are_drawn_as_they_were_since_the_trial_began(
    screen: Screen, lab: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, database = lab
    quire.set_tracking_uri(database)
    for text in ("One.", "Two.", "Three."):
        quire.register_prompt("slow", text)
    day_ago = now_ms() - 86_400_000
    monkeypatch.setattr("quire.store.sql.serving_trials.now_ms", lambda: day_ago)
    arms = {"plain": 1, "short": 2, "so-long-a-name-" * 6 + "x": 3}
    trial = trials.start("prompts:/slow", arms, trials.TrialMetric(name="thumb", low=0, high=1), max_arms=3)
    monkeypatch.undo()
    fill(trial, 1500, every_ms=57_000)
    page = screen.open(f"{url}/trials/{trial.trial_id}")
    page.get_by_role("img", name="Difference in thumb from the control over time").wait_for()
    page.locator("canvas").wait_for()
    page.get_by_text("The numbers", exact=True).click()
    rows = page.get_by_role("region", name="The numbers of the picture, scrollable").get_by_role("row")
    expect(rows).to_have_count(2 * 60 + 1)
    page.get_by_text("The numbers", exact=True).click()
    page.get_by_role("heading", name="Over time").scroll_into_view_if_needed()
    screen.look("day")


def open_trial(screen: Screen, server: str, trial: Trial, query: str = "") -> object:
    page = screen.open(f"{server}/trials/{trial.trial_id}{query}")
    page.get_by_role("heading", name="Record").wait_for()
    return page


def test_the_verdict_comes_first_in_the_words_of_the_report(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt, name="Short jokes")
    fill(trial, 800)
    page = screen.open(f"{quire_server}/trials/{trial.trial_id}")
    verdict = page.get_by_role("region", name="Verdict")
    verdict.wait_for()
    report = trials.report(trial)
    says(verdict, report.sentence)
    says(verdict, "short won")
    says(verdict, report.rule)
    rows = page.get_by_role("region", name="Differences, scrollable").get_by_role("row")
    says(rows.nth(1), "better")
    page.locator("canvas").first.wait_for()
    page.get_by_text("The numbers", exact=True).click()
    numbers = page.get_by_role("region", name="The numbers of the picture, scrollable")
    says(numbers.get_by_role("row").nth(1), f"{report['thumb'].differences['short'].n:,}")
    screen.look("won")


def test_what_is_drawn_is_in_the_address(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt)
    fill(trial, 200)
    page = open_trial(screen, quire_server, trial)
    page.get_by_label("Metric").select_option("stars")
    page.get_by_role("button", name="Mean of each arm").click()
    page.wait_for_url("**metric=stars*show=arms*")
    page.get_by_role("img", name="Mean stars of each arm").wait_for()
    screen.shot("means")
    page.go_back()
    page.get_by_role("img", name="Difference in stars").wait_for()


def test_each_action_asks_why_and_the_record_shows_it(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt)
    fill(trial, 120, better=0)
    page = open_trial(screen, quire_server, trial)
    record = page.get_by_role("region", name="Record")

    def act(button: str, word: str, reason: str) -> None:
        page.get_by_role("button", name=button).click()
        dialog = page.get_by_role("dialog")
        assert dialog.get_by_role("button", name=word, exact=True).is_disabled()
        dialog.get_by_label("Reason").fill(reason)
        dialog.get_by_role("button", name=word, exact=True).click()
        record.get_by_text(reason).wait_for()

    act("Pause …", "Pause", "The upstream is slow today.")
    assert trials.get(trial.trial_id).state == "paused"
    act("Resume …", "Resume", "It is fast again.")
    page.get_by_role("button", name="Add arm …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("comma")
    dialog.get_by_label("Version").fill("3")
    dialog.get_by_label("Share in percent").fill("20")
    dialog.get_by_label("Reason").fill("One more idea.")
    screen.shot("add-arm")
    dialog.get_by_role("button", name="Add", exact=True).click()
    record.get_by_text("One more idea.").wait_for()
    page.get_by_role("button", name="Remove arm …").click()
    page.get_by_role("dialog").get_by_label("Arm").select_option("comma")
    page.get_by_role("dialog").get_by_label("Reason").fill("A bad idea.")
    page.get_by_role("dialog").get_by_role("button", name="Take it out").click()
    record.get_by_text("A bad idea.").first.wait_for()
    act("Stop …", "Stop", "We know enough.")
    assert [event.kind for event in trials.get(trial.trial_id).events] == [
        "started", "paused", "resumed", "arm added", "arm removed", "ended",
    ]  # fmt: skip
    expect(page.get_by_role("button", name="Pause …")).to_have_count(0)
    screen.look("stopped")


def test_promoting_moves_the_alias_and_says_when_there_is_no_evidence(
    screen: Screen, quire_server: str, prompt: str
) -> None:
    trial = begin(prompt)
    fill(trial, 60, better=0)
    page = open_trial(screen, quire_server, trial)
    page.get_by_role("button", name="Promote …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("It is not shown best.").wait_for()
    dialog.get_by_label("Reason").fill("The boss said so.")
    screen.look("promote")
    dialog.get_by_role("button", name="Promote without evidence").click()
    page.get_by_role("region", name="Record").get_by_text("promoted by hand: The boss said so.").first.wait_for()
    assert quire.load_prompt(f"prompts:/{prompt}@champion").version == 2
    assert "The boss said so." in quire.prompt_alias_history(prompt)[-1].reason


def test_a_refusal_is_shown_where_it_was_asked(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt)
    page = open_trial(screen, quire_server, trial)
    page.get_by_role("button", name="Pause …").click()
    trials.stop(trial, "Somebody else was faster.")
    page.get_by_role("dialog").get_by_label("Reason").fill("Wait.")
    page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("dialog").get_by_text("so it cannot be paused").wait_for()


def test_lost_units_are_the_first_thing_said(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt, ramp=[(0, 0.5), (3600, 1.0)], holdout=0.05)
    fill(trial, 1500, lost=0.5)
    page = open_trial(screen, quire_server, trial)
    page.get_by_role("heading", name="Units are lost").wait_for()
    plan = page.get_by_role("region", name="Who takes part")
    says(plan, "47.5 % of the keys")
    says(plan, "has come")
    says(plan, "to come")
    screen.look("lost")


def test_nothing_counted_yet_and_nothing_there(screen: Screen, quire_server: str, prompt: str) -> None:
    trial = begin(prompt, name="x" * 80 + "<img src=x onerror=alert(1)>")
    page = open_trial(screen, quire_server, trial)
    page.get_by_text("Nothing has been counted of thumb yet").wait_for()
    screen.look("empty")
    page = screen.open(f"{quire_server}/trials/no-such-trial")
    page.get_by_text("No trial has the id 'no-such-trial'").wait_for()


@pytest.mark.slow
def test_a_trial_that_goes_on_is_looked_at_again(screen: Screen, quire_server: str) -> None:
    quire.set_tracking_uri(quire_server)
    name = f"served-{uuid.uuid4().hex[:8]}"
    serving_of(current_store()).put_endpoint(Endpoint(name=name, model=f"models:/{name}/1"))
    trial = trials.start(name, {"a": "s3://models/a", "b": "s3://models/b"}, "thumb", reason="To see.")
    page = open_trial(screen, quire_server, trial)
    fill_of = assign(trial, "somebody", trial.phases[0].start_time)
    assert fill_of is not None
    trials.record(trial, "somebody", "thumb", 1)
    page.get_by_role("region", name="Arms, scrollable").get_by_role("cell", name="1", exact=True).first.wait_for()
