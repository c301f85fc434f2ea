"""What serving keeps, written by many processes at once, and in a database of an earlier version."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput
from quire.domain.trials import AddedArm, Arm, Outcome, Phase, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.store import Store, open_store
from quire.store.serving import serving_of, timed_serving_of
from quire.store.sql import SqlStore
from quire.store.sql.database import Database
from quire.store.sql.dialect import Dialect
from quire.store.sql.migrate import upgrade
from quire.store.sql.postgres import Postgres
from quire.store.sql.postgres_place import parse_postgres
from quire.store.sql.sqlite import Sqlite, SqliteSession

Start = Callable[..., object]
SPEC = TrialSpec(
    subject="endpoint:joker",
    arms=[Arm(name="control", model="models:/joker/1"), Arm(name="bold", model="models:/joker/2")],
    metrics=[TrialMetric(name="thumb", low=0.0, high=1.0)],
    stopping=StoppingRule(metric="thumb"),
)

RECORDER = """
import sys, time
from quire.domain.trials import Outcome
from quire.store import open_store
from quire.store.serving import serving_of, timed_serving_of
uri, begin, trial, number = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
serving = serving_of(open_store(uri, artifact_root="artifacts"))
units = [f"u{n}" for n in range(400)]
turned = units[number * 90:] + units[:number * 90]
while time.time() < begin:
    time.sleep(0.001)
counted = 0
for start in range(0, 400, 25):
    batch = [Outcome(trial_id=trial, metric=metric, arm="bold", phase=0, unit=unit, value=1.0, at=number)
             for unit in turned[start:start + 25] for metric in ("thumb", "failed", "quire.exposed")]
    counted += serving.record_outcomes(batch)
    serving.drop_outcomes(trial, turned[start], ["thumb"])
print(counted)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of a database of the test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/quire.db"
    return str(request.getfixturevalue("postgres_copy"))


@pytest.fixture
def opened(place: str) -> Iterator[Store]:
    """The store in it."""
    store = open_store(place, artifact_root="artifacts")
    yield store
    store.close()


def test_processes_that_record_the_same_units_at_once_count_each_once(place: str, opened: Store, start: Start) -> None:
    serving = serving_of(opened)
    trial = serving.create_trial(SPEC).trial_id
    begin = time.time() + 1
    running = [start(RECORDER, place, begin, trial, number) for number in range(4)]
    said = [process.communicate(timeout=120) for process in running]  # type: ignore[attr-defined]
    assert [err for _, err in said if err] == []
    tallies = {tally.metric: (tally.n, tally.total, tally.squares) for tally in serving.tallies(trial)}
    assert tallies["failed"] == tallies["quire.exposed"] == (400, 400.0, 400.0)
    dropped = {(number * 90 + start) % 400 for number in range(4) for start in range(0, 400, 25)}
    assert tallies["thumb"] == (400 - len(dropped),) * 3
    assert 1200 - len(dropped) <= sum(int(out) for out, _ in said) <= 1200


def test_calls_inside_a_transaction_are_one(opened: Store) -> None:
    serving = serving_of(opened)

    def write() -> Trial:
        with opened.transaction():  # type: ignore[attr-defined]
            trial = serving.create_trial(SPEC)
            serving.record_outcomes([_outcome(trial)])
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert serving.list_trials() == []
    trial = serving.create_trial(SPEC)
    assert serving.record_outcomes([_outcome(trial)]) == 1
    assert [(tally.metric, tally.arm) for tally in serving.tallies(trial.trial_id)] == [("thumb", "bold")]


def _outcome(trial: Trial) -> Outcome:
    return Outcome(trial_id=trial.trial_id, metric="thumb", arm="bold", phase=0, unit="u", value=1.0, at=1)


def _dialect(uri: str) -> Dialect:
    if uri.startswith("sqlite"):
        return Sqlite(Path(uri.removeprefix("sqlite:///")))
    return Postgres(parse_postgres(uri))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_of_the_version_before_takes_endpoints_and_trials(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    uri = f"sqlite:///{tmp_path}/old.db" if kind == "sqlite" else str(request.getfixturevalue("postgres_uri"))
    before = Database(_dialect(uri))
    before.prepare()
    with before.write() as session:
        session.create_functions()
        upgrade(session.connection, "0006")
        assert "trials" not in session.tables()
    before.close()
    store = open_store(uri, artifact_root="artifacts")
    serving = serving_of(store)
    made = serving.put_endpoint(Endpoint(name="joker", model="models:/joker/1"), expected=0)
    assert serving.list_endpoints() == [made]
    trial = serving.create_trial(SPEC)
    assert serving.record_outcomes([_outcome(trial), _outcome(trial)]) == 1
    assert [tally.n for tally in serving.tallies(trial.trial_id)] == [1]
    store.close()


def test_a_store_counts_for_an_arm_that_another_let_in_meanwhile(place: str, opened: Store) -> None:
    serving = serving_of(opened)
    trial = serving.create_trial(replace(SPEC, max_arms=3))
    assert serving.record_outcomes([_outcome(trial)]) == 1
    other = SqlStore(_dialect(place), "artifacts")
    joined = AddedArm(arm=Arm(name="third", model="models:/joker/3"), phase=1)
    phase = Phase(number=1, start_time=trial.creation_time + 1, weights={"control": 1.0, "third": 1.0})
    other.serving.update_trial(replace(trial, phases=[*trial.phases, phase], added=[joined]), expected=1)
    assert serving.record_outcomes([replace(_outcome(trial), unit="v", arm="third", phase=1)]) == 1
    with pytest.raises(InvalidInput, match="no arm 'fourth'"):
        serving.record_outcomes([replace(_outcome(trial), unit="w", arm="fourth")])
    other.close()


def test_what_a_transaction_that_is_undone_saw_is_forgotten(opened: Store) -> None:
    serving = serving_of(opened)

    def write() -> Trial:
        with opened.transaction():  # type: ignore[attr-defined]
            trial = serving.create_trial(SPEC)
            serving.record_outcomes([_outcome(trial)])
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            write()
    other = serving.create_trial(replace(SPEC, metrics=[TrialMetric(name="thumb", low=5.0, high=6.0)]))
    with pytest.raises(InvalidInput, match="bounds 5 to 6"):
        serving.record_outcomes([_outcome(other)])


@pytest.mark.parametrize("metrics", [["thumb"], ["words"], ["thumb", "words"], ["thumb", "quire.exposed"]])
@pytest.mark.parametrize("parts", [1, 7, 200])
def test_sums_over_time_are_the_same_however_they_are_made(
    filled_trial: tuple[Store, str, int], metrics: list[str], parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, trial, begun = filled_trial
    serving = timed_serving_of(store)
    given = {"start_ms": begun + 50, "width_ms": max(1, 900 // parts), "parts": parts}
    read = serving.tallies_over_time(trial, metrics, **given)
    monkeypatch.setattr(SqliteSession, "sorts_to_group", False)
    grouped = serving.tallies_over_time(trial, metrics, **given)
    places = [(part, one.metric, one.arm, one.phase, one.n) for part, one in grouped]
    assert [(part, one.metric, one.arm, one.phase, one.n) for part, one in read] == places
    assert [(one.total, one.squares) for _, one in read] == [
        (pytest.approx(one.total, rel=1e-12), pytest.approx(one.squares, rel=1e-12)) for _, one in grouped
    ]
    assert len({part for part, _ in read}) > min(parts, 50) * 0.9
    assert sum(one.n for _, one in read) == sum(
        one.n for one in serving_of(store).tallies(trial) if one.metric in metrics
    )


def test_sums_over_time_are_there_where_letters_run_out(
    filled_trial: tuple[Store, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, trial, begun = filled_trial
    serving = timed_serving_of(store)
    given = {"start_ms": begun, "width_ms": 100, "parts": 9}
    whole = serving.tallies_over_time(trial, ["thumb"], **given)
    monkeypatch.setattr("quire.store.sql.serving_times._LETTERS_AT_ALL", 10)
    assert serving.tallies_over_time(trial, ["thumb"], **given) == whole
    assert serving.tallies_over_time(trial, ["never counted"], **given) == []


@pytest.fixture
def filled_trial(tmp_path: Path) -> Iterator[tuple[Store, str, int]]:
    """A store, a trial in it with outcomes of 900 ms (two arms, two phases, some units without any), and its start."""
    store = open_store(f"sqlite:///{tmp_path}/quire.db", artifact_root="artifacts")
    serving = serving_of(store)
    metrics = [*SPEC.metrics, TrialMetric(name="words")]
    trial = serving.create_trial(replace(SPEC, metrics=metrics))
    phases = [*trial.phases, replace(trial.phases[0], number=1, start_time=trial.phases[0].start_time + 400)]
    trial = serving.update_trial(replace(trial, phases=phases), expected=trial.revision)
    begun = trial.phases[0].start_time
    chance = random.Random(5)
    outcomes = []
    for number in range(900):
        arm, phase = chance.choice(("control", "bold")), number // 450
        for metric, value in (
            ("thumb", float(chance.random() < 0.4)),
            ("words", chance.choice((0.0, 1.0, chance.gauss(5, 3)))),
            ("quire.exposed", 1.0),
        ):
            place = {"trial_id": trial.trial_id, "arm": arm, "phase": phase, "unit": f"u{number}"}
            outcomes.append(Outcome(metric=metric, value=value, at=begun + number, **place))  # type: ignore[arg-type]
    serving.record_outcomes(outcomes)
    serving.drop_outcomes(trial.trial_id, "u17", ["thumb"])
    yield store, trial.trial_id, begun
    store.close()
