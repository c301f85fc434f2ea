"""The audit log: who changed what, from what to what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quire.domain.errors import InvalidInput
from quire.server import Settings
from quire.server.app import create_app
from quire.server.auth import AuthSettings
from quire.store import open_store
from quire.store.access import access_of
from tests.server.auth.conftest import PASSWORD, Guard, Guarded, basic, bearer

AUDIT = "/api/quire/v1/audit"


def _entries(guarded: Guarded, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = guarded.ask("ada", "GET", f"{AUDIT}?{query}")["entries"]
    return found


def test_a_change_says_who_what_where_and_from_what_to_what(guarded: Guarded) -> None:
    user = guarded.user()
    experiment = guarded.experiment(user)
    headers = {**basic(user), "X-Request-ID": "job-7"}
    guarded.ask(headers, "POST", "experiments/update", {"experiment_id": experiment, "new_name": "renamed"})
    entry = _entries(guarded, f"entity=experiment:{experiment}")[0]
    assert (entry["username"], entry["action"], entry["request_id"]) == (user, "update_experiment", "job-7")
    assert (entry["route"], entry["address"]) == ("POST /api/2.0/mlflow/experiments/update", "127.0.0.1")
    assert json.loads(entry["before"])["name"].startswith("experiment-")
    assert json.loads(entry["after"])["new_name"] == "renamed"


def test_making_and_deleting_are_entries_too(guarded: Guarded) -> None:
    user = guarded.user()
    experiment = guarded.experiment(user)
    run = guarded.run(user, experiment)
    guarded.ask(user, "POST", "runs/delete", {"run_id": run})
    assert [entry["action"] for entry in _entries(guarded, f"username={user}")] == [
        "delete_run",
        "create_run",
        "create_experiment",
    ]
    assert [entry["action"] for entry in _entries(guarded, f"entity=run:{run}")] == ["delete_run", "create_run"]


def test_values_before_are_those_that_were_replaced(guarded: Guarded) -> None:
    model = guarded.model()
    run = guarded.run("ada", guarded.experiment())
    for value in ("one", "two"):
        guarded.ask("ada", "POST", "registered-models/set-tag", {"name": model, "key": "k", "value": value})
        guarded.ask("ada", "POST", "runs/set-tag", {"run_id": run, "key": "k", "value": value})
        guarded.ask("ada", "POST", "model-versions/create", {"name": model, "source": "s3://bucket/model"})
    for version in ("1", "2"):
        alias = {"name": model, "alias": "champion", "version": version}
        guarded.ask("ada", "POST", "registered-models/alias", alias)
    moved = {"name": model, "alias": "champion", "version": "1", "expected": "2", "key": "why", "value": "better"}
    guarded.ask("ada", "POST", "/api/quire/v1/registered-models/move-alias", moved)
    about_model = _entries(guarded, f"entity=registered_model:{model}")
    tags = [entry.get("before") for entry in about_model if entry["action"] == "set_registered_model_tag"]
    assert tags == ['{"k":"one"}', None]
    aliases = [entry.get("before") for entry in about_model if entry["action"] == "set_alias"]
    assert aliases == ['{"champion":"1"}', "{}"]
    moves = [entry.get("before") for entry in about_model if entry["action"] == "move_alias"]
    assert moves == ['{"champion":"2"}']
    runs = [entry.get("before") for entry in _entries(guarded, f"entity=run:{run}") if entry["action"] == "set_tag"]
    assert runs == ['{"k":"one"}', None]


def test_what_was_refused_is_no_change(guarded: Guarded) -> None:
    user = guarded.user()
    experiment = guarded.experiment()
    guarded.call(user, "POST", "experiments/update", {"experiment_id": experiment, "new_name": "mine"})
    guarded.call("ada", "POST", "experiments/update", {"experiment_id": "999999", "new_name": "none"})
    guarded.call("ada", "POST", "experiments/update", {"experiment_id": experiment})
    assert [entry["action"] for entry in _entries(guarded, f"entity=experiment:{experiment}")] == ["create_experiment"]
    assert _entries(guarded, f"username={user}") == []


def test_a_change_that_cannot_be_recorded_is_not_made(guard: Guard) -> None:
    server = guard()
    access: Any = server.served.app.context.store.access

    def fail(change: object) -> None:
        raise InvalidInput("the log is full")

    access.append_change = fail
    assert server.call("ada", "POST", "experiments/create", {"name": "unrecorded"}).status == 400
    del access.append_change
    assert server.store.get_experiment_by_name("unrecorded") is None
    assert server.access.list_permissions() == []


def test_files_that_are_sent_and_deleted_are_entries(guarded: Guarded) -> None:
    experiment = guarded.experiment()
    path = f"{experiment}/{guarded.run('ada', experiment)}/artifacts/notes.txt"
    guarded.call("ada", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", b"hello")
    guarded.call("ada", "DELETE", f"/api/2.0/mlflow-artifacts/artifacts/{path}")
    found = _entries(guarded, f"entity=path:{path}")
    assert [entry["action"] for entry in found] == ["delete", "upload"]
    assert json.loads(found[1]["after"])["bytes"] == 5


def test_a_token_is_named_and_never_shown(guarded: Guarded) -> None:
    user = guarded.user("editor")
    made = guarded.ask(user, "POST", "/api/quire/v1/tokens", {"name": "nightly"})
    guarded.ask(bearer(made["secret"]), "POST", "experiments/create", {"name": f"by-token-{user}"})
    found = _entries(guarded, f"username={user}")
    assert [entry.get("token_id") for entry in found] == [made["token"]["token_id"], None]
    assert made["secret"] not in str(found)


def test_passwords_and_what_looks_like_a_key_are_not_in_the_log(guarded: Guarded) -> None:
    guarded.ask("ada", "POST", "users/create", {"username": "dora", "password": "dora's own password"})
    body = {"username": "dora", "password": "dora's new password"}
    guarded.ask("ada", "PATCH", "users/update-password", body)
    run = guarded.run("ada", guarded.experiment())
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz123456"
    guarded.ask("ada", "POST", "runs/set-tag", {"run_id": run, "key": "note", "value": f"my key is {key}"})
    guarded.ask("ada", "POST", "runs/set-tag", {"run_id": run, "key": "api_key", "value": "plain-text-secret"})
    text = str(_entries(guarded))
    for secret in ("dora's own", "dora's new", key, "plain-text-secret", PASSWORD):
        assert secret not in text
    assert [entry["action"] for entry in _entries(guarded, "entity=user:dora")] == [
        "update_user_password",
        "create_user",
    ]


def test_long_values_are_cut(guarded: Guarded) -> None:
    run = guarded.run("ada", guarded.experiment())
    tags = [{"key": f"k{number}", "value": "v" * 3000} for number in range(50)]
    guarded.ask("ada", "POST", "runs/log-batch", {"run_id": run, "tags": tags})
    entry = _entries(guarded, f"entity=run:{run}")[0]
    assert len(entry["after"]) < 6000
    assert len(guarded.ask("ada", "GET", f"runs/get?run_id={run}")["run"]["data"]["tags"]) >= 50


def test_measurements_may_be_left_out(guard: Guard) -> None:
    server = guard(audit_logging=False)
    run = server.run("ada", server.experiment())
    server.ask("ada", "POST", "runs/log-metric", {"run_id": run, "key": "m", "value": 1.0, "timestamp": 1})
    assert [entry["action"] for entry in _entries(server)] == ["create_run", "create_experiment"]


def test_measurements_are_entries_by_default(guarded: Guarded) -> None:
    run = guarded.run("ada", guarded.experiment())
    guarded.ask("ada", "POST", "runs/log-metric", {"run_id": run, "key": "m", "value": 1.0, "timestamp": 1})
    assert _entries(guarded, f"entity=run:{run}")[0]["action"] == "log_metric"


def test_only_an_admin_sees_the_log(guarded: Guarded) -> None:
    assert guarded.call(guarded.user("editor"), "GET", AUDIT).status == 403


def test_the_log_is_read_in_pages(guarded: Guarded) -> None:
    user = guarded.user()
    for _ in range(3):
        guarded.experiment(user)
    first = guarded.ask("ada", "GET", f"{AUDIT}?username={user}&max_results=2")
    token = first["next_page_token"]
    last = guarded.ask("ada", "GET", f"{AUDIT}?username={user}&max_results=2&page_token={token}")
    assert (len(first["entries"]), len(last["entries"])) == (2, 1)
    assert guarded.call("ada", "GET", f"{AUDIT}?username=ada&page_token={token}").status == 400
    assert guarded.call("ada", "GET", f"{AUDIT}?max_results=0").status == 400
    assert guarded.call("ada", "GET", f"{AUDIT}?since=yesterday").status == 400


def test_leave_to_send_a_file_to_the_bucket_itself_is_an_entry(guard: Guard, bucket: str) -> None:
    server = guard(server={"artifact_root": bucket})
    run = server.run("ada", server.experiment())
    server.ask("ada", "POST", "artifacts/presigned-upload-url", {"run_id": run, "path": "a.txt"})
    entry = _entries(server, f"entity=run:{run}")[0]
    assert (entry["action"], json.loads(entry["after"])["path"]) == ("presigned_upload", "a.txt")


def test_the_first_admin_is_an_entry(guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"sqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("QUIRE_AUTH_ADMIN_PASSWORD", PASSWORD)
    create_app(Settings(backend_store_uri=uri, auth=AuthSettings())).close()
    entries = access_of(open_store(uri)).search_audit()
    assert [(entry.action, entry.entity) for entry in entries] == [("create_user", "user:admin")]
