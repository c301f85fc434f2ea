"""Calls about what model versions hold, how they differ, and the file that they are downloaded as."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

import quire
from quire.domain.access import Resource
from quire.server.model_bundle import bundle_name
from tests.server.auth.conftest import Guarded, basic
from tests.server.conftest import Served, serving

NAME = 'söl ver "1"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a model of two versions."""
    with serving(tmp_path_factory.mktemp("packages")) as served:
        for tone in ("kind", "brief"):
            log(served.url, tone)
        yield served


def log(url: str, tone: str, name: str = NAME) -> None:
    quire.set_tracking_uri(url)
    with quire.start_run(run_name="secret run"):
        quire.log_metric("secret_metric", 1)
        quire.openai.log_model(
            model="gpt-4o-mini",
            task="chat.completions",
            name="solver",
            messages=[{"role": "system", "content": f"Be {tone}."}, {"role": "user", "content": "{question}"}],
            seed=7,
            registered_model_name=name,
        )


def place(path: str, **query: Any) -> str:
    return f"/api/quire/v1/models/{quote(NAME)}/{path}{'?' + urlencode(query) if query else ''}"


def test_a_version_says_what_it_holds(server: Served) -> None:
    held = server.call("GET", place("versions/2/package")).json["package"]
    assert (held["task"], held["model"], held["variables"]) == ("chat.completions", "gpt-4o-mini", ["question"])
    assert held["template"]["messages"][0]["content"] == "Be brief."
    assert msgspec.json.decode(held["fixed_json"]) == {"seed": 7}
    files = server.call("GET", place("versions/2/files")).json["files"]
    assert {"MLmodel", "model.yaml"} <= {file["path"] for file in files}
    assert all(file["size"] > 0 for file in files)
    changes = server.call("GET", place("diff", old=1, new=2)).json["changes"]
    assert [change["path"] for change in changes] == ["messages[0].content"]
    for path in ("versions/9/package", "versions/9/files", "versions/9/bundle", "versions/9/lineage"):
        assert server.call("GET", place(path)).status == 404


def test_the_file_is_what_the_command_writes(server: Served, tmp_path: Path) -> None:
    from quire.bundle import export_model

    answer = server.call("GET", place("versions/2/bundle"))
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert int(answer.headers["content-length"]) == len(answer.body)
    quire.set_tracking_uri(server.url)
    export_model(f"models:/{quote(NAME)}/2", tmp_path / "by.quire")
    ours, theirs = zipfile.ZipFile(BytesIO(answer.body)), zipfile.ZipFile(tmp_path / "by.quire")
    assert ours.namelist() == theirs.namelist()
    assert ours.read("lineage.json") == theirs.read("lineage.json")


def test_an_alias_moves_with_a_record_only_from_where_it_is_expected(server: Served) -> None:
    move = {"alias": "champion", "version": "1", "reason": "The first"}
    moved = server.call("POST", place("move-alias"), move).json["promotion"]
    assert (moved["new"], moved["forced"], moved["reason"]) == ("1", True, "The first")
    again = server.call("POST", place("move-alias"), {**move, "version": "2"})
    assert (again.status, again.json["error_code"]) == (400, "INVALID_STATE")
    assert server.call("POST", place("move-alias"), {**move, "version": "2", "reason": " "}).status == 400
    server.call("POST", place("move-alias"), {**move, "version": "2", "expected": "1"})
    back = server.call("POST", place("roll-back-alias"), {"alias": "champion", "reason": "Worse"}).json["promotion"]
    assert (back["kind"], back["old"], back["new"]) == ("rollback", "2", "1")
    listed = server.call("GET", place("promotions")).json["promotions"]
    assert [item["reason"] for item in listed] == ["Worse", "The first", "The first"]
    assert server.call("POST", "/api/quire/v1/prompts", {"name": "p", "template": "x"}).status == 200
    refused = server.call("POST", "/api/quire/v1/models/p/move-alias", move)
    assert "is the name of a prompt" in refused.json["message"]


def test_a_file_name_holds_nothing_that_a_file_system_refuses() -> None:
    assert bundle_name('a<b>:"c|d?*%', "3") == "a_b___c_d___-3.quire"
    assert bundle_name("..", "1") == "model-1.quire"
    assert len(bundle_name("x" * 500, "1")) < 120


def test_who_may_not_read_the_experiment_learns_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = Guarded(tmp_path)
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "correct horse battery")
        log(guarded.served.url, "kind", name="solver")
        guarded.ask("ada", "POST", "/api/quire/v1/prompts", {"name": "hidden", "template": "secret words"})
        reader = guarded.user("none")
        guarded.access.set_permission(reader, Resource("registered_model", "solver"), "editor")
        bundle = guarded.call(basic(reader), "GET", "/api/quire/v1/models/solver/versions/1/bundle")
        assert bundle.status == 200
        lineage = zipfile.ZipFile(BytesIO(bundle.body)).read("lineage.json")
        assert b"secret" not in lineage
        whole = guarded.call("ada", "GET", "/api/quire/v1/models/solver/versions/1/bundle").body
        assert b"secret_metric" in zipfile.ZipFile(BytesIO(whole)).read("lineage.json")
        nodes = guarded.ask(reader, "GET", "/api/quire/v1/models/solver/versions/1/lineage")["lineage"]["nodes"]
        assert [node["kind"] for node in nodes] == ["model_version"]
        nodes = guarded.ask("ada", "GET", "/api/quire/v1/models/solver/versions/1/lineage")["lineage"]["nodes"]
        assert [node["kind"] for node in nodes] == ["model_version", "run"]
        # A prompt that another includes shows its text in it.
        guarded.ask("ada", "POST", "/api/quire/v1/prompts", {"name": "own", "template": "x"})
        guarded.access.set_permission(reader, Resource("registered_model", "own"), "editor")
        chat = '[{"role": "user", "content": "{{\\u003e hidden/1 }}"}]'
        for body in ({"template": "{{> hidden/1 }}"}, {"template": chat, "chat": True}):
            refused = guarded.call(reader, "POST", "/api/quire/v1/prompts/own/versions", body)
            assert refused.status == 403, refused.body
    finally:
        guarded.stop()
