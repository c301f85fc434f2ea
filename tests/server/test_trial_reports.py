"""What is known of a trial, over HTTP: the same as the Python API says, now and at every moment before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.assignment import assign
from quire.domain.trials import EXPOSED, Outcome, Trial
from quire.store.current import current_store
from quire.store.serving import serving_of
from tests.server.conftest import Served, serving

API = "/api/quire/v1"
TEXTS = ("Tell a joke about {{topic}}.", "Tell a short joke about {{topic}}.", "Tell a long joke about {{topic}}.")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server whose store is the current one."""
    options: dict[str, Any] = {"artifact_root": str(tmp_path / "artifacts")}
    if request.param == "postgresql":
        options["backend_store_uri"] = request.getfixturevalue("postgres_copy")
    with serving(tmp_path, **options) as served:
        quire.set_tracking_uri(served.settings.backend_store_uri)
        for text in TEXTS:
            quire.register_prompt("joker", text)
        quire.set_prompt_alias("joker", "champion", 1)
        yield served


def start(server: Served, **fields: Any) -> str:
    given = {
        "subject": "prompts:/joker",
        "arms": [{"name": "plain", "model": "1"}, {"name": "short", "model": "2"}],
        "metrics": [{"name": "thumb", "low": 0, "high": 1}],
        "stopping": {"metric": "thumb", "least_units": 20},
        "max_arms": 3,
        "reason": "Shorter may be funnier.",
        **fields,
    }
    answer = server.call("POST", f"{API}/trials/start", given)
    assert answer.status == 200, answer.body
    return str(answer.json["trial"]["trial_id"])


def fill(trial_id: str, n: int, *, better: float = 0.3) -> None:
    """Units that come evenly over the first day of a trial, with outcomes of an unfair coin each."""
    trial, chance = trials.get(trial_id), random.Random(7)
    begun = trial.phases[0].start_time
    rows = []
    for number in range(n):
        at = begun + number * 86_400_000 // n
        given = assign(trial, f"user {number}", at)
        if given is None:
            continue
        good = chance.random() < 0.4 + better * (given.arm == "short")
        for metric, value in ((EXPOSED, 1.0), ("thumb", float(good))):
            rows.append(_outcome(trial, metric, given.arm, given.phase, given.unit, value, at))
    for first in range(0, len(rows), 5000):
        serving_of(current_store()).record_outcomes(rows[first : first + 5000])


def _outcome(trial: Trial, metric: str, arm: str, phase: int, unit: str, value: float, at: int) -> Outcome:
    return Outcome(trial_id=trial.trial_id, metric=metric, arm=arm, phase=phase, unit=unit, value=value, at=at)


def report(server: Served, trial_id: str) -> Any:
    answer = server.call("GET", f"{API}/trials/{trial_id}/report")
    assert answer.status == 200, answer.body
    return answer.json


def act(server: Served, trial_id: str, verb: str, **fields: Any) -> Any:
    answer = server.call("POST", f"{API}/trials/{trial_id}/{verb}", fields)
    assert answer.status == 200, answer.body
    return answer.json["trial"]


def test_a_report_says_what_the_python_api_says(server: Served) -> None:
    trial_id = start(server)
    fill(trial_id, 600)
    told, here = report(server, trial_id), trials.report(trial_id)
    assert told["report"]["sentence"] == here.sentence
    assert "short is better than plain" in here.sentence
    difference = told["report"]["metrics"]["thumb"]["differences"]["short"]
    assert difference["verdict"] == "better"
    assert difference["low"] == here["thumb"].differences["short"].low > 0
    assert told["needed"] == pytest.approx(4 / 0.05)
    assert told["serving"] == {"alias": "prompts:/joker@champion", "version": "1"}
    assert [(arm["name"], arm["share"]) for arm in told["arms"]] == [("plain", 0.5), ("short", 0.5)]
    assert told["headline"] in str(here)
    assert any("may be looked at at any time" in note for note in told["notes"])


def test_the_last_moment_of_a_history_is_the_report(server: Served) -> None:
    trial_id = start(server)
    fill(trial_id, 600)
    act(server, trial_id, "stop", reason="Enough.")
    told = server.call("GET", f"{API}/trials/{trial_id}/history?points=12").json
    here = trials.report(trial_id)["thumb"]
    last = told["moments"][-1]
    assert told["metric"] == "thumb"
    assert last["differences"] == [
        {
            "name": "short",
            "n": here.differences["short"].n,
            "value": here.differences["short"].difference,
            "low": here.differences["short"].low,
            "high": here.differences["short"].high,
        }
    ]
    assert {arm["name"]: arm["n"] for arm in last["arms"]} == {name: one.n for name, one in here.arms.items()}


def test_a_history_grows_with_time_and_its_intervals_become_narrower(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial_id = start(server)
    fill(trial_id, 900)
    begun = trials.get(trial_id).phases[0].start_time
    monkeypatch.setattr("quire.server.routes.trial_reports.now_ms", lambda: begun + 86_400_000)
    moments = server.call("GET", f"{API}/trials/{trial_id}/history?metric=thumb&points=24").json["moments"]
    assert len(moments) == 24
    units = [moment["differences"][0]["n"] for moment in moments]
    assert units == sorted(units)
    assert units[11] == pytest.approx(225, abs=30)
    widths = [moment["differences"][0]["high"] - moment["differences"][0]["low"] for moment in moments]
    assert widths[-1] < widths[11] < widths[0]
    assert [moment["at"] for moment in moments] == sorted(moment["at"] for moment in moments)


def test_a_history_of_nothing_is_empty_and_of_no_metric_is_refused(server: Served) -> None:
    trial_id = start(server)
    assert "moments" not in server.call("GET", f"{API}/trials/{trial_id}/history").json
    refused = server.call("GET", f"{API}/trials/{trial_id}/history?metric=stars")
    assert (refused.status, "expected one of thumb" in refused.json["message"]) == (400, True)
    refused = server.call("GET", f"{API}/trials/{trial_id}/history?points=1000000")
    assert (refused.status, "from 1 to 200" in refused.json["message"]) == (400, True)
    assert server.call("GET", f"{API}/trials/nothing/history").status == 404
    assert server.call("GET", f"{API}/trials/nothing/report").status == 404


def test_what_is_done_to_a_trial_is_in_its_record_with_the_reason(server: Served) -> None:
    trial_id = start(server)
    act(server, trial_id, "pause", reason="The upstream is slow.")
    act(server, trial_id, "resume", reason="It is fast again.")
    act(server, trial_id, "add-arm", name="long", model="3", share=0.2, reason="Longer, then?")
    act(server, trial_id, "remove-arm", name="long", reason="No.")
    ended = act(server, trial_id, "stop", reason="We know enough.")
    assert ended["state"] == "ended"
    events = report(server, trial_id)["events"]
    assert [(event["kind"], event["reason"], event.get("arm")) for event in events] == [
        ("started", "Shorter may be funnier.", None),
        ("paused", "The upstream is slow.", None),
        ("resumed", "It is fast again.", None),
        ("arm added", "Longer, then?", "long"),
        ("arm removed", "No.", "long"),
        ("ended", "We know enough.", None),
    ]
    assert {event["by"] for event in events} == {"not signed in"}


def test_a_winner_is_promoted_and_the_record_of_the_alias_names_the_trial(server: Served) -> None:
    trial_id = start(server)
    fill(trial_id, 600)
    act(server, trial_id, "promote", reason="It won.")
    told = report(server, trial_id)
    assert told["serving"]["version"] == "2"
    assert [event["kind"] for event in told["events"]] == ["started", "decided", "promoted"]
    assert "It won." in told["events"][-1]["reason"]
    moved = quire.prompt_alias_history("joker")[-1]
    assert (moved.old, moved.new, moved.by) == (1, 2, "not signed in")
    assert f"trials:/{trial_id}" in moved.reason


@pytest.mark.parametrize(
    ("verb", "fields", "said"),
    [
        ("pause", {}, "'reason'"),
        ("pause", {"reason": ""}, "reason"),
        ("resume", {"reason": "x"}, ""),
        ("promote", {"reason": "x"}, "Nothing is promoted"),
        ("promote", {"reason": "x", "arm": "none", "force": True}, "expected one of short"),
        ("add-arm", {"reason": "x", "name": "short", "model": "3"}, "another name"),
        ("remove-arm", {"reason": "x", "name": "short"}, "the only challenger"),
    ],
)
def test_what_cannot_be_done_is_refused(server: Served, verb: str, fields: dict[str, Any], said: str) -> None:
    answer = server.call("POST", f"{API}/trials/{start(server)}/{verb}", fields)
    if verb == "resume":  # it runs already
        assert answer.status == 200
        return
    assert (answer.status, said in answer.json["message"]) == (400, True), answer.body
    refused = server.call("POST", f"{API}/trials/nothing/{verb}", {"reason": "x", **fields, "name": "n", "model": "1"})
    assert refused.status in (400, 404)


def test_a_trial_that_cannot_start_says_why(server: Served) -> None:
    trial_id = start(server)
    given = {"subject": "prompts:/joker", "arms": [{"name": "a", "model": "2"}], "reason": "x", "metrics": []}
    again = server.call("POST", f"{API}/trials/start", {**given, "metrics": [{"name": "thumb"}]})
    assert (again.status, trial_id in again.json["message"]) == (400, True), again.body
    assert server.call("POST", f"{API}/trials/start", given).status == 400
    assert server.call("POST", f"{API}/trials/start", {**given, "reason": ""}).status == 400


def test_a_record_is_never_rewritten(server: Served) -> None:
    trial_id = start(server)
    found = server.call("GET", f"{API}/trials/{trial_id}").json["trial"]
    forged = {**found, "events": [{"kind": "started", "at": 1, "reason": "Another."}]}
    answer = server.call("PUT", f"{API}/trials/{trial_id}", {"trial": forged, "expected": 1})
    assert (answer.status, "its record is not there" in answer.json["message"]) == (400, True), answer.body
    older = {name: value for name, value in found.items() if name != "events"}
    answer = server.call("PUT", f"{API}/trials/{trial_id}", {"trial": older, "expected": 1})
    assert answer.status == 200
    assert [event["reason"] for event in answer.json["trial"]["events"]] == ["Shorter may be funnier."]
