"""What changed, of what who asks may read."""

from __future__ import annotations

from typing import Any

from quire.domain.access import Resource
from quire.domain.ids import now_ms
from quire.domain.promotions import Promotion, promotion_tag
from tests.server.auth.conftest import Guarded, basic


def changes(guarded: Guarded, who: str) -> Any:
    answer = guarded.served.call("GET", f"/api/quire/v1/changes?since={now_ms() - 10_000_000}", headers=basic(who))
    assert answer.status == 200, answer.body
    return answer.json


def test_nobody_learns_of_what_they_may_not_read(guarded: Guarded) -> None:
    experiment = guarded.experiment()
    body = {"experiment_id": experiment, "start_time": now_ms() - 1000}
    run = guarded.ask("ada", "POST", "runs/create", body)["run"]["info"]["run_id"]
    model = guarded.model()
    tag = promotion_tag(Promotion(name=model, alias="champion", new="1", at=now_ms() - 1000, reason="why"))
    guarded.ask("ada", "POST", "registered-models/set-tag", {"name": model, "key": tag.key, "value": tag.value})
    stranger, reader = guarded.user("none"), guarded.user("none")
    guarded.access.set_permission(reader, Resource("experiment", experiment), "reader")
    guarded.access.set_permission(reader, Resource("registered_model", model), "reader")
    said = f"@{stranger} @{reader}"
    comment = {"subject_kind": "run", "subject_id": run, "text": said}
    guarded.ask("ada", "POST", "/api/quire/v1/comments", comment)
    seen, hidden = changes(guarded, reader), changes(guarded, stranger)
    assert seen["you"] == reader
    assert [line["run_id"] for line in seen["runs"]["newest"]] == [run]
    assert [move["name"] for move in seen["moves"]] == [model]
    assert [line["text"] for line in seen["mentions"]] == [said]
    assert hidden["runs"]["total"] == 0
    assert hidden["moves"] == hidden["mentions"] == []
