"""What changed since a time: each part, on SQLite and PostgreSQL, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import quire
from quire.domain.alias_events import AliasEvent, event_tag
from quire.domain.changes import AliasMoved, FailedTrace, bucket_of, error_groups, without_echoes
from quire.domain.evaluation_tags import ROLE
from quire.domain.ids import now_ms
from quire.domain.promotions import Promotion, promotion_tag
from tests.server.conftest import Served, serving

API = "/api/quire/v1"
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    options = {} if request.param == "sqlite" else {"backend_store_uri": request.getfixturevalue("postgres_copy")}
    with serving(tmp_path, **options) as server:
        yield server


def changes(server: Served, since: int | None = None, **query: Any) -> Any:
    given = {"since": now_ms() - DAY if since is None else since, **query}
    answer = server.call("GET", f"{API}/changes?" + "&".join(f"{name}={value}" for name, value in given.items()))
    assert answer.status == 200, answer.body
    return answer.json


def test_an_empty_store_says_so(served: Served) -> None:
    found = changes(served)
    assert found["empty"] is True
    assert found["runs"] == {"total": 0, "by_status": {}, "newest": [], "failed": []}
    assert found["moves"] == found["trials"] == found["mentions"] == found["reviews"] == []


def test_runs_are_counted_and_the_newest_and_failed_are_named(served: Served) -> None:
    now = now_ms()
    old = served.run(start_time=now - 3 * DAY)
    runs = [served.run(start_time=now - number * 1000, run_name=f"run {number}") for number in range(12)]
    served.ask("POST", "runs/update", {"run_id": runs[3], "status": "FAILED", "end_time": now})
    served.ask("POST", "runs/update", {"run_id": runs[4], "status": "FINISHED", "end_time": now})
    served.ask("POST", "runs/delete", {"run_id": runs[5]})
    found = changes(served, until=now + 1000)
    assert "empty" not in found
    told = found["runs"]
    assert (told["total"], told["by_status"]) == (11, {"RUNNING": 9, "FAILED": 1, "FINISHED": 1})
    assert [run["run_id"] for run in told["newest"]] == [runs[n] for n in (0, 1, 2, 3, 4, 6, 7, 8)]
    assert [run["run_id"] for run in told["failed"]] == [runs[3]]
    assert changes(served, now - 4 * DAY, until=now - 2 * DAY)["runs"]["newest"][0]["run_id"] == old


def test_moved_aliases_come_with_their_reasons(served: Served) -> None:
    now = now_ms()
    served.ask("POST", "registered-models/create", {"name": "m"})
    made = Promotion(name="m", alias="champion", old="1", new="2", at=now - 1000, by="ada", reason="better")
    older = Promotion(name="m", alias="champion", new="1", at=now - 2 * DAY, by="ada", reason="first")
    event = AliasEvent(alias="live", kind="set", new=3, at=now - 500, by="bob", reason="hotfix")
    for tag in (promotion_tag(made), promotion_tag(older)):
        served.ask("POST", "registered-models/set-tag", {"name": "m", "key": tag.key, "value": tag.value})
    key, value = event_tag(event)
    served.ask("POST", "registered-models/set-tag", {"name": "m", "key": key, "value": value})
    served.ask("POST", "registered-models/set-tag", {"name": "m", "key": "quire.alias.live.nonsense", "value": "x"})
    moves = changes(served)["moves"]
    assert [(move["alias"], move["kind"], move["new"], move["by"], move["reason"]) for move in moves] == [
        ("live", "set", "3", "bob", "hotfix"),
        ("champion", "promotion", "2", "ada", "better"),
    ]


def _traced(server: Served, name: str, *, fails: str = "", cost: float = 0.5) -> None:
    """A trace of now; what ``fails`` says is raised in it."""
    with quire.start_span(name=name) as span:
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        span.set_attribute("mlflow.llm.cost", {"total_cost": cost})
        if fails:
            span.record_exception(ValueError(fails))
            span.set_status("ERROR")


def test_cost_and_errors_are_summed_and_grouped(served: Served) -> None:
    quire.set_tracking_uri(served.url)
    for number in range(3):
        _traced(served, "answer", fails="no such city")
        _traced(served, "answer", fails="" if number else "other")
    quire.flush_trace_async_logging()
    found = changes(served, until=now_ms() + 1000)
    now = found["usage"]["now"]
    assert (now["traces"], now["errors"], now["tokens"], now["cost"]) == (6, 4, 42, pytest.approx(3.0))
    assert list(found["usage"]["before"]) == ["at"]
    assert sum(part["traces"] for part in found["usage"]["buckets"]) == 6
    assert found["usage"]["bucket_ms"] == HOUR
    groups = found["errors"]["groups"]
    assert [(group["name"], group["message"], group["counted"]) for group in groups] == [
        ("answer", "no such city", 3),
        ("answer", "other", 1),
    ]
    assert (found["errors"]["total"], found["errors"]["looked_at"]) == (4, 4)


def test_the_time_before_is_beside_it(served: Served) -> None:
    now = now_ms()
    for at in (now - 1000, now - DAY - 1000, now - DAY - 2000):
        info = {
            "trace_id": f"tr-{at:032x}",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
            "request_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at / 1000)),
            "state": "OK",
        }
        assert served.call("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}}).status == 200
    usage = changes(served, now - DAY)["usage"]
    assert (usage["now"]["traces"], usage["before"]["traces"]) == (1, 2)


def test_trials_evaluations_queues_and_mentions_are_there(served: Served) -> None:
    served.ask("POST", "registered-models/create", {"name": "m"})
    for _ in range(2):
        served.ask("POST", "model-versions/create", {"name": "m", "source": "s3://bucket/x"})
    served.call("PUT", f"{API}/endpoints/e", {"endpoint": {"name": "e", "model": "models:/m/1"}})
    arms = [{"name": arm, "model": f"models:/m/{arm}"} for arm in ("1", "2")]
    metrics = [{"name": "thumb", "low": 0, "high": 1}]
    spec = {"subject": "endpoint:e", "arms": arms, "metrics": metrics, "stopping": {"metric": "thumb"}}
    trial = served.call("POST", f"{API}/trials", {"spec": spec}).json["trial"]
    quire.set_tracking_uri(served.url)
    queue = quire.review.create_queue("look at these", "good", reviewers=["bob"])
    evaluation = served.run(tags=[{"key": ROLE, "value": "evaluation"}], start_time=now_ms())
    body = {"subject_kind": "run", "subject_id": evaluation, "text": "@bob see", "author": "ada"}
    served.call("POST", f"{API}/comments", body)
    found = changes(served, name="bob", until=now_ms() + 1000)
    assert [line["trial_id"] for line in found["trials"]] == [trial["trial_id"]]
    assert found["trials"][0]["sentence"]
    assert [line["run_id"] for line in found["reviews"]] == [queue.run_id]
    assert [line["text"] for line in found["mentions"]] == ["@bob see"]
    assert evaluation in {line["run_id"] for line in found["evaluations"]}
    assert changes(served, name="eve")["reviews"] == []


@pytest.mark.parametrize("query", ["since=-1", "since=5&until=5", "since=1", "", "since=x"])
def test_a_time_that_is_none_is_refused(server: Served, query: str) -> None:
    assert server.call("GET", f"{API}/changes?{query}").status == 400


def test_errors_that_are_alike_are_one_group() -> None:
    failed = [
        FailedTrace(str(at), "0", name, at, said) for at, name, said in ((9, "a", "x"), (8, "b", "x"), (7, "a", "x"))
    ]
    groups = error_groups(failed, 5)
    assert [(group.name, group.counted, group.newest, group.trace_id) for group in groups] == [
        ("a", 2, 9, "9"),
        ("b", 1, 8, "8"),
    ]
    assert len(error_groups(failed, 1)) == 1


def test_what_a_promotion_tells_is_not_told_twice() -> None:
    promoted = AliasMoved(name="p", alias="a", kind="promotion", old="1", new="2", at=5)
    echo = msgspec.structs.replace(promoted, kind="set", at=6)
    other = msgspec.structs.replace(echo, new="3")
    assert without_echoes([other, echo, promoted]) == [other, promoted]


def test_pieces_are_hours_or_days() -> None:
    assert bucket_of(0, DAY) == HOUR
    assert bucket_of(0, 7 * DAY) == DAY
