"""Comments over a real socket, on a server without auth, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Served, serving
from tests.server.listening import Listening

API = "/api/quire/v1"


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    options = {} if request.param == "sqlite" else {"backend_store_uri": request.getfixturevalue("postgres_copy")}
    with serving(tmp_path, **options) as server:
        yield server


def say(server: Served, run: str, text: str, **further: str) -> Any:
    body = {"subject_kind": "run", "subject_id": run, "text": text, "author": "ada", **further}
    answer = server.call("POST", f"{API}/comments", body)
    assert answer.status == 200, answer.body
    return answer.json["comment"]


def test_comments_are_written_read_changed_and_taken_back(served: Served) -> None:
    run = served.run()
    made = say(served, run, "**good**, @bob")
    place = f"{API}/comments/{made['comment_id']}"
    listed = served.call("GET", f"{API}/comments?subject_kind=run&subject_id={run}").json
    assert listed == {"comments": [{"comment": made, "may_edit": True, "may_delete": True}]}
    assert served.call("PATCH", place, {"text": "bad"}).json["comment"]["text"] == "bad"
    assert served.call("GET", place).json["comment"]["text"] == "bad"
    gone = served.call("DELETE", place).json
    assert "may_edit" not in gone
    assert gone["comment"]["text"] == ""
    assert served.call("GET", f"{API}/comments?subject_kind=run&subject_id={run}").json == {}


def test_mentions_and_people_are_found(served: Served) -> None:
    run = served.run()
    first = say(served, run, "@bob look")
    second = say(served, run, "@bob again", author="anna")
    found = served.call("GET", f"{API}/mentions?name=bob").json["comments"]
    assert [item["comment_id"] for item in found] == [second["comment_id"], first["comment_id"]]
    later = served.call("GET", f"{API}/mentions?name=bob&since={second['creation_time'] + 1}")
    assert later.json == {}
    assert served.call("GET", f"{API}/mentions").json == {}
    assert served.call("GET", f"{API}/people?prefix=a").json == {"names": ["ada", "anna"]}


def test_comments_of_prompts_are_beside_the_registry(serve: Callable[..., Served], tmp_path: Path) -> None:
    server = serve(registry_store_uri=f"sqlite:///{tmp_path}/registry.db")
    server.ask("POST", "registered-models/create", {"name": "p"})
    body = {"subject_kind": "prompt", "subject_id": "p", "text": "@bob", "author": "ada"}
    made = server.call("POST", f"{API}/comments", body).json["comment"]
    assert server.call("GET", f"{API}/comments/{made['comment_id']}").json["comment"] == made
    assert server.call("GET", f"{API}/mentions?name=bob").json["comments"] == [made]
    assert server.call("GET", f"{API}/comments/c-none").status == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"subject_kind": "experiment", "text": "a"}, 400, "expected one of run, prompt, trace"),
        ({"text": " "}, 400, "empty"),
        ({"text": "a", "author": ""}, 400, "author"),
        ({"text": "a" * 20_001}, 400, "20,001"),
        ({"text": "a", "subject_id": "f" * 32}, 404, "no run"),
    ],
)
def test_what_is_no_comment_is_refused(server: Served, body: dict[str, str], status: int, said: str) -> None:
    given = {"subject_kind": "run", "subject_id": server.run(), "author": "ada", **body}
    answer = server.call("POST", f"{API}/comments", given)
    assert (answer.status, said in answer.json["message"]) == (status, True)


def test_a_comment_is_a_live_update_without_its_words(serve: Callable[..., Served]) -> None:
    server = serve()
    run = server.run()
    with Listening(server) as heard:
        say(server, run, "secret words")
        assert heard.change() == ["comments", "home"]
