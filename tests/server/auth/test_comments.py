"""Who may read, write, change and delete comments, and who learns that they were mentioned."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.access import Resource
from tests.server.auth.conftest import Guarded, basic, bearer

PLACE = "/api/quire/v1/comments"


@pytest.fixture
def run(guarded: Guarded) -> dict[str, str]:
    """A run of ada's, in an experiment that users without a role do not read."""
    experiment = guarded.experiment("ada")
    return {"experiment": experiment, "run": guarded.run("ada", experiment)}


def reader(guarded: Guarded, run: dict[str, str]) -> str:
    name = guarded.user("none")
    guarded.access.set_permission(name, Resource("experiment", run["experiment"]), "reader")
    return name


def say(guarded: Guarded, who: str, run: dict[str, str], text: str, **further: Any) -> Any:
    body = {"subject_kind": "run", "subject_id": run["run"], "text": text, **further}
    return guarded.served.call("POST", PLACE, body, headers=basic(who))


def test_who_reads_a_run_says_something_in_their_own_name(guarded: Guarded, run: dict[str, str]) -> None:
    who = reader(guarded, run)
    made = say(guarded, who, run, "mine", author="ada").json
    assert made["comment"]["author"] == who
    assert made["may_edit"]
    assert made["may_delete"]
    listed = guarded.served.call("GET", f"{PLACE}?subject_kind=run&subject_id={run['run']}", headers=basic(who)).json
    assert listed["you"] == who
    assert say(guarded, guarded.user("none"), run, "no").status == 403


def test_nobody_changes_the_words_of_others_and_admins_delete_them(guarded: Guarded, run: dict[str, str]) -> None:
    who, other = reader(guarded, run), reader(guarded, run)
    place = f"{PLACE}/{say(guarded, who, run, 'mine').json['comment']['comment_id']}"
    for method, body in (("PATCH", {"text": "yours"}), ("DELETE", None)):
        assert guarded.served.call(method, place, body, headers=basic(other)).status == 403
    assert guarded.served.call("PATCH", place, {"text": "yours"}, headers=basic("ada")).status == 403
    seen = guarded.served.call("GET", place, headers=basic("ada")).json
    assert ("may_edit" in seen, seen["may_delete"]) == (False, True)
    assert guarded.served.call("PATCH", place, {"text": "better"}, headers=basic(who)).status == 200
    assert guarded.served.call("DELETE", place, headers=basic("ada")).status == 200


def test_a_token_that_may_only_read_says_nothing(guarded: Guarded, run: dict[str, str]) -> None:
    secret = guarded.token("ada", read_only=True)
    body = {"subject_kind": "run", "subject_id": run["run"], "text": "a"}
    assert guarded.served.call("POST", PLACE, body, headers=bearer(secret)).status == 403


def test_only_users_are_mentioned_and_learn_it_if_they_may_read_it(guarded: Guarded, run: dict[str, str]) -> None:
    who, stranger = reader(guarded, run), guarded.user("none")
    made = say(guarded, "ada", run, f"@{who} @{stranger} @nobody-at-all").json["comment"]
    assert made["mentions"] == [who, stranger]
    of_reader = guarded.served.call("GET", "/api/quire/v1/mentions?name=ada", headers=basic(who)).json
    assert of_reader["comments"] == [made]
    assert guarded.served.call("GET", "/api/quire/v1/mentions", headers=basic(stranger)).json == {}


def test_users_can_be_found_by_how_their_names_begin(guarded: Guarded) -> None:
    found = guarded.served.call("GET", "/api/quire/v1/people?prefix=AD", headers=basic(guarded.user("none"))).json
    assert "ada" in found["names"]
    assert guarded.served.call("GET", "/api/quire/v1/people").status == 401
