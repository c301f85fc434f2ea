"""An application's prompt by a trial's assignment: the same for a key each time, counted once, noted on the trace."""

from __future__ import annotations

import pytest

import quire
from quire import trials
from quire.domain.errors import InvalidInput, NotFound, QuireError
from quire.domain.trials import EXPOSED
from quire.store.current import current_store, get_tracking_uri
from quire.store.serving import ServingStore, serving_of
from quire.trials.noting import flush

URI = "prompts:/joker@trial"


def exposed(trial: trials.Trial) -> dict[str, int]:
    assert flush(get_tracking_uri(), 10)
    tallies = serving_of(current_store()).tallies(trial.trial_id)
    return {one.arm: one.n for one in tallies if one.metric == EXPOSED}


def test_a_key_gets_the_version_of_its_arm_and_counts_once(joker: str) -> None:
    trial = trials.start("prompts:/joker", {"short": 2}, ["thumb"])
    versions = {f"u{number}": quire.load_prompt(URI, key=f"u{number}").version for number in range(40)}
    assert set(versions.values()) == {1, 2}
    for key, version in versions.items():
        assert quire.load_prompt(URI, key=key).version == version
        given = trials.assign(trial, key)
        assert given is not None
        assert version == {"champion": 1, "short": 2}[given.arm]
    short = sum(version == 2 for version in versions.values())
    assert exposed(trial) == {"champion": 40 - short, "short": short}


def test_outcomes_go_to_the_arm_that_was_given_and_count_once(joker: str) -> None:
    trial = trials.start("prompts:/joker", {"short": 2}, {"stars": (1, 5)})
    version = quire.load_prompt(URI, key="ann").version
    assert trials.record(trial, "ann", "stars", 4)
    assert not trials.record(trial.trial_id, "ann", "stars", 5)
    arm = {1: "champion", 2: "short"}[version]
    assert trials.report(trial)["stars"].arms[arm].mean == 4
    for metric, value, said in (
        ("thumb", 1, "has no metric 'thumb'"),
        ("stars", 6, "beyond its bounds 1 to 5"),
        ("stars", "x", "expected a finite number"),
        ("stars", float("nan"), "expected a finite number"),
    ):
        with pytest.raises(InvalidInput, match=said):
            trials.record(trial, "bob", metric, value)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="key is ''"):
        trials.record(trial, "", "stars", 3)
    with pytest.raises(NotFound):
        trials.record("t-none", "ann", "stars", 3)


def test_what_takes_no_part_gets_what_serves(joker: str) -> None:
    assert quire.load_prompt(URI, key="ann").version == 1
    quire.set_prompt_alias("joker", "champion", 3)
    assert {quire.load_prompt(URI, key="ann", cache_ttl_seconds=0).version} == {3}
    quire.delete_prompt_alias("joker", "champion")
    assert quire.load_prompt(URI, key="ann", cache_ttl_seconds=0).version == 3
    quire.set_prompt_alias("joker", "production", 2)
    assert quire.load_prompt(URI, key="ann", cache_ttl_seconds=0).version == 2
    trial = trials.start("prompts:/joker", {"one": 1, "two": 2}, ["thumb"], holdout=0.99)
    found = [quire.load_prompt(URI, key=f"u{number}").version for number in range(20)]
    held = [number for number in range(20) if trials.assign(trial, f"u{number}") is None]
    assert len(held) > 10
    assert all(found[number] == 1 for number in held)
    assert not trials.record(trial, f"u{held[0]}", "thumb", True)
    trials.pause(trial)
    assert {quire.load_prompt(URI, key=f"u{number}").version for number in range(20)} == {1}
    trials.stop(trial)
    assert quire.load_prompt(URI, key="u1", cache_ttl_seconds=0).version == 2


def test_a_namespace_has_a_trial_of_its_own(joker: str) -> None:
    trials.start("prompts:/joker", {"one": 1, "two": 2}, ["thumb"])
    trials.start("prompts:/joker", {"three": 3, "again": 3}, ["thumb"], namespace="acme")
    assert quire.load_prompt(URI, key="ann", namespace="acme").version == 3
    assert quire.load_prompt(URI, key="ann", namespace="other").version in (1, 2)


def test_the_trace_notes_trial_and_arm_and_feedback_finds_them(joker: str, serving: ServingStore) -> None:
    trial = trials.start("prompts:/joker", {"short": 2}, ["thumb"])
    with quire.start_span("answer") as span:
        version = quire.load_prompt(URI, key="ann").version
    quire.log_feedback(trace_id=span.trace_id, name="thumb", value=True)
    quire.log_feedback(trace_id=span.trace_id, name="thumb", value=False)
    quire.log_feedback(trace_id=span.trace_id, name="thumb", value="lovely")
    trace = quire.get_trace(span.trace_id)
    assert trace is not None
    arm = {1: "champion", 2: "short"}[version]
    assert trace.info.trace_metadata["quire.trial"] == trial.trial_id
    assert trace.info.trace_metadata["quire.arm"] == arm
    served = serving.get_served(span.trace_id)
    assert (served.trial_id, served.arm) == (trial.trial_id, arm)
    assert (trials.report(trial)["thumb"].arms[arm].n, trials.report(trial)["thumb"].arms[arm].mean) == (1, 1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name_or_uri": "prompts:/joker@champion", "key": "ann"}, "A key was given with"),
        ({"name_or_uri": "joker", "key": "ann"}, "expected prompts:/NAME@trial"),
        ({"name_or_uri": URI, "key": ""}, "key is ''"),
        ({"name_or_uri": URI, "namespace": "acme"}, "key is None"),
        ({"name_or_uri": URI, "key": 3}, "key is 3"),
        ({"name_or_uri": "joker", "version": 2, "key": "ann"}, "with the version 2"),
        ({"name_or_uri": URI}, "asked for with a key: key=user_id"),
        ({"name_or_uri": "prompts:/nobody@trial", "key": "ann"}, "nobody"),
    ],
)
def test_what_is_asked_for_wrongly_is_said(joker: str, asked: dict[str, object], said: str) -> None:
    with pytest.raises(QuireError, match=said):
        quire.load_prompt(**asked)  # type: ignore[arg-type]


def test_an_alias_of_that_name_is_an_alias(joker: str) -> None:
    quire.set_prompt_alias("joker", "trial", 3)
    assert quire.load_prompt(URI).version == 3


def test_an_arm_whose_version_is_gone_gives_way_to_the_control(joker: str) -> None:
    trial = trials.start("prompts:/joker", {"short": 2}, ["thumb"])
    keys = [f"u{number}" for number in range(20)]
    short = [key for key in keys if (given := trials.assign(trial, key)) and given.arm == "short"]
    trials.record(trial, short[0], "thumb", True)
    quire.delete_prompt_version("joker", 2)
    assert {quire.load_prompt(URI, key=key).version for key in keys} == {1}
    assert flush(get_tracking_uri(), 10)
    report = trials.report(trial)
    assert report.excluded == {"champion": 0, "short": len(short)}
    assert report["thumb"].arms["short"].n == 0
    assert report["failed"].arms["short"].mean == 1
