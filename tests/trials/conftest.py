"""A prompt with three versions, the first of which serves, in a store of its own; units by the hundred.

For feedback: each kind of store, a trial on an endpoint, and answers that it gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.endpoints import Endpoint
from quire.domain.ids import new_trace_id, now_ms
from quire.domain.traces import trace_info
from quire.domain.trials import EXPOSED, Arm, Outcome, Served, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.store import Store, open_store
from quire.store.current import current_store
from quire.store.serving import ServingStore, serving_of
from quire.trials import following
from tests.spans import START

Units = Callable[..., None]
TEXTS = ("Tell a joke about {{topic}}.", "Tell a short joke about {{topic}}.", "Tell a long joke about {{topic}}.")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store and a working folder that nobody else uses, and trials that are looked up anew each time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setattr(following, "FRESH_S", 0.0)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    return tmp_path


@pytest.fixture
def joker() -> str:
    """The name of the prompt."""
    for text in TEXTS:
        quire.register_prompt("joker", text)
    quire.set_prompt_alias("joker", "champion", 1)
    return "joker"


@pytest.fixture
def serving() -> ServingStore:
    return serving_of(current_store())


@pytest.fixture
def units(serving: ServingStore) -> Units:
    """Counts ``n`` units of an arm, the first ``good`` of which have the value 1, the rest 0."""
    numbers = iter(range(10_000_000))

    def count(
        trial: Trial, arm: str, n: int, good: int = 0, *, metric: str = "thumb", phase: int = 0, exposed: bool = True
    ) -> None:
        names = [f"{arm}-{next(numbers)}" for _ in range(n)]

        def one(name: str, metric: str, value: float) -> Outcome:
            at = now_ms()
            return Outcome(trial_id=trial.trial_id, metric=metric, arm=arm, phase=phase, unit=name, value=value, at=at)

        rows = [one(name, metric, float(place < good)) for place, name in enumerate(names)]
        if exposed:
            rows += [one(name, EXPOSED, 1.0) for name in names]
        for start in range(0, len(rows), 5_000):
            serving.record_outcomes(rows[start : start + 5_000])

    return count


ARMS = [Arm(name="control", model="models:/joker/1"), Arm(name="bold", model="models:/joker/2")]
METRICS = [
    TrialMetric(name="thumb", low=0.0, high=1.0),
    TrialMetric(name="stars", low=1.0, high=5.0),
    TrialMetric(name="latency_s", higher_is_better=False),
]
NAMES = iter(range(1000))


@pytest.fixture(params=["sqlite", "server", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store that keeps what serving needs."""
    if request.param == "server":
        yield open_store(request.getfixturevalue("quire_server"))
        return
    uri = f"sqlite:///{tmp_path}/own.db" if request.param == "sqlite" else request.getfixturevalue("postgres_copy")
    opened = open_store(uri, artifact_root="artifacts")
    yield opened
    opened.close()


@pytest.fixture
def trial(store: Store) -> Trial:
    """A trial on an endpoint of its own."""
    name = f"joker-{next(NAMES)}"
    serving = serving_of(store)
    serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    return serving.create_trial(
        TrialSpec(subject=f"endpoint:{name}", arms=ARMS, metrics=METRICS, stopping=StoppingRule(metric="thumb"))
    )


Answer = Callable[..., Served]


@pytest.fixture
def answer(store: Store, trial: Trial) -> Answer:
    """Notes an answer of the trial's endpoint, by default one whose trace is stored."""

    def note(*, traced: bool = True, unit: str = "", **fields: Any) -> Served:
        number = next(NAMES)
        given = {
            "response_id": f"{trial.trial_id}-{number}",
            "trace_id": new_trace_id(),
            "endpoint": trial.spec.subject.removeprefix("endpoint:"),
            "trial_id": trial.trial_id,
            "arm": "bold",
            "unit": unit or f"unit-{number}",
        }
        served = Served(**{"at": START, **given, **fields})
        if traced:
            store.start_trace(trace_info(served.trace_id, "0", timestamp_ms=START, state="OK"))
        serving_of(store).record_served([served])
        return served

    return note


def counted(store: Store, trial: Trial) -> dict[str, tuple[int, float]]:
    """How many units were counted of each metric, and their sum."""
    return {tally.metric: (tally.n, tally.total) for tally in serving_of(store).tallies(trial.trial_id)}
