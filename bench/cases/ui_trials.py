"""What a server works out for the page of a trial that has counted millions of outcomes, and for the first page."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

import httpx

from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.servers import QUIRE, Server
from quire.domain.endpoints import Endpoint
from quire.domain.trials import EXPOSED, Arm, Outcome, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.store import open_store
from quire.store.serving import serving_of

SECOND = Bar("≤ 1 s", most=1.0)
_ARMS = ("control", "bold")
_METRICS = ("thumb", "latency_s", EXPOSED)
_DAYS_MS = 14 * 86_400_000


def measure(context: Context) -> list[Figure]:
    """A server that has just started is asked for the history of a metric of 0 and 1, and of one of any numbers."""
    units = context.choose(1_000_000, 20_000)
    database = f"sqlite:///{context.folder / 'trial.db'}"
    trial_id = _fill(str(context.folder / "trial.db"), database, units)
    context.say(f"a trial with {len(_METRICS) * units:,} outcomes")
    _asked(context, database, trial_id, "thumb")  # the first server also looks after a database that was just filled
    figures = []
    for metric, said in (("thumb", "of 0 and 1"), ("latency_s", "of any numbers")):
        found = [_asked(context, database, trial_id, metric) for _ in range(context.choose(3, 1))]
        title = f"trial with {len(_METRICS) * units:,} outcomes: history of a metric {said}"
        figures += [
            Figure(what=title, quire=Sample("s", [seconds for seconds, _ in found]), bar=SECOND),
            Figure(what=f"{title}, processor time", quire=Sample("s", [used for _, used in found])),
        ]
    return figures


def _asked(context: Context, database: str, trial_id: str, metric: str) -> tuple[float, float]:
    with Server(QUIRE, context.folder / "trial", database) as server:
        url = f"http://127.0.0.1:{server.place.port}/api/quire/v1/trials/{trial_id}"
        httpx.get(f"{url}/report", timeout=60).raise_for_status()
        used, began = server.processor_seconds(), time.perf_counter()
        told = httpx.get(f"{url}/history?metric={metric}&points=60", timeout=60).raise_for_status().json()
        seconds = time.perf_counter() - began
        if not told["moments"]:
            raise RuntimeError("the history is empty")
        return seconds, server.processor_seconds() - used


def _fill(file: str, database: str, units: int) -> str:
    """A trial of two arms and two weeks; outcomes go straight into the tables."""
    store = open_store(database)
    serving = serving_of(store)
    serving.put_endpoint(Endpoint(name="bench", model="models:/bench/1"))
    metrics = [TrialMetric(name="thumb", low=0.0, high=1.0), TrialMetric(name="latency_s", higher_is_better=False)]
    arms = [Arm(name=name, model=f"models:/bench/{number}") for number, name in enumerate(_ARMS, 1)]
    spec = TrialSpec(subject="endpoint:bench", arms=arms, metrics=metrics, stopping=StoppingRule(metric="thumb"))
    trial = serving.create_trial(spec)
    serving.record_outcomes(_first(trial))
    store.close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    keys: dict[str, int] = dict(connection.execute("SELECT name, id FROM keys"))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO trial_outcomes (trial, unit, metric_id, arm_id, phase, value, at) VALUES (1, ?, ?, ?, 0, ?, ?)",
        _rows(keys, trial.phases[0].start_time - _DAYS_MS, units),
    )
    connection.execute("DELETE FROM trial_tallies")
    connection.execute(
        """INSERT INTO trial_tallies SELECT trial, metric_id, arm_id, phase, count(*), sum(value), sum(value * value)
        FROM trial_outcomes GROUP BY 1, 2, 3, 4"""
    )
    _begin_earlier(connection)
    connection.execute("COMMIT")
    connection.close()
    return trial.trial_id


def _begin_earlier(connection: sqlite3.Connection) -> None:
    """Let the trial have begun when its first outcomes came."""
    import msgspec

    (content,) = connection.execute("SELECT content FROM trials").fetchone()
    told = msgspec.json.decode(content)
    for phase in told["phases"]:
        phase["start_time"] -= _DAYS_MS
    connection.execute("UPDATE trials SET content = ?", (msgspec.json.encode(told).decode(),))


def _first(trial: Trial) -> list[Outcome]:
    at = trial.phases[0].start_time
    return [
        Outcome(trial_id=trial.trial_id, metric=metric, arm=arm, phase=0, unit=f"first {arm}", value=1.0, at=at)
        for metric in _METRICS
        for arm in _ARMS
    ]


def _rows(keys: dict[str, int], begun: int, units: int) -> Any:
    source = random.Random(5)
    ids = sorted(f"{source.getrandbits(128):032x}" for _ in range(units))
    for unit in ids:
        arm, at = keys[source.choice(_ARMS)], begun + source.randrange(_DAYS_MS)
        yield unit, keys["thumb"], arm, float(source.random() < 0.4), at
        yield unit, keys["latency_s"], arm, source.lognormvariate(0, 1), at
        yield unit, keys[EXPOSED], arm, 1.0, at


BENCHMARK = Benchmark("ui-trials", "The web interface: trials", measure)
