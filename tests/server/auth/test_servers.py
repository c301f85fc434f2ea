"""Starting with auth, and several servers on one PostgreSQL."""

from __future__ import annotations

import http.client
import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from quire.domain.errors import InvalidInput, InvalidState
from quire.server import Settings
from quire.server.app import create_app
from quire.server.auth import AuthSettings, auth_from_environment
from quire.server.running import check_address
from quire.store import open_store
from quire.store.access import access_of
from tests.quire_server import QuireServer
from tests.server.auth.conftest import PASSWORD, Guard, Guarded, basic, bearer, cheap_hash
from tests.server.test_buckets import put

WHO = "/api/quire/v1/whoami"


@pytest.fixture
def pair(guard: Guard, postgres_uri: str) -> tuple[Guarded, Guarded]:
    """Two servers on one database."""
    return guard(uri=postgres_uri, refresh=0.3), guard(uri=postgres_uri, refresh=0.3)


def test_a_server_without_an_admin_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUIRE_AUTH_ADMIN_PASSWORD", raising=False)
    settings = Settings(backend_store_uri=f"sqlite:///{tmp_path}/quire.db", auth=AuthSettings())
    with pytest.raises(InvalidInput, match="quire users create NAME --admin"):
        create_app(settings)


def test_the_environment_names_the_first_admin_and_nobody_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(backend_store_uri=f"sqlite:///{tmp_path}/quire.db", auth=AuthSettings())
    monkeypatch.setenv("QUIRE_AUTH_ADMIN_PASSWORD", "short")
    with pytest.raises(InvalidInput, match="5 characters"):
        create_app(settings)
    monkeypatch.setenv("QUIRE_AUTH_ADMIN_PASSWORD", PASSWORD)
    create_app(settings).close()
    monkeypatch.setenv("QUIRE_AUTH_ADMIN_USERNAME", "eve")
    create_app(settings).close()
    users = access_of(open_store(settings.backend_store_uri)).list_users()
    assert [(user.username, user.is_admin) for user in users] == [("admin", True)]


def test_another_address_is_refused_without_auth() -> None:
    with pytest.raises(InvalidInput, match="--auth or QUIRE_AUTH=1"):
        check_address(Settings(host="0.0.0.0"))
    check_address(Settings(host="0.0.0.0", auth=AuthSettings()))


def test_a_store_that_is_a_server_cannot_keep_users(guarded: Guarded) -> None:
    with pytest.raises(InvalidState, match="kept in the server's own database"):
        access_of(open_store(guarded.served.url))


@pytest.mark.parametrize(
    ("text", "wanted", "on"),
    [(None, None, False), ("1", None, True), ("basic", None, True), ("off", None, False), ("1", False, False),
     (None, True, True)],
)  # fmt: skip
def test_auth_is_turned_on_by_an_option_or_the_environment(
    text: str | None, wanted: bool | None, on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUIRE_AUTH", raising=False)
    if text is not None:
        monkeypatch.setenv("QUIRE_AUTH", text)
    assert (auth_from_environment(wanted) is not None) is on


def test_settings_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_AUTH", "perhaps")
    with pytest.raises(InvalidInput, match="QUIRE_AUTH is 'perhaps'; expected 1 or 0"):
        auth_from_environment()
    monkeypatch.setenv("QUIRE_AUTH", "1")
    monkeypatch.setenv("QUIRE_AUTH_DEFAULT_PERMISSION", "everything")
    with pytest.raises(InvalidInput, match="Invalid role 'everything'"):
        auth_from_environment()


def test_what_one_server_is_told_counts_on_the_other(pair: tuple[Guarded, Guarded]) -> None:
    one, other = pair
    user = one.user()
    secret = one.token(user)
    assert other.ask(bearer(secret), "GET", WHO)["user"]["username"] == user
    experiment = one.experiment(user)
    assert other.run(user, experiment), "the maker is known as its admin at once"
    one.ask(user, "DELETE", f"/api/quire/v1/tokens/{one.access.list_tokens(username=user)[0].token_id}")
    _becomes(other, secret, 401)


def _becomes(server: Guarded, secret: str, status: int) -> None:
    begun = time.monotonic()
    while server.call(bearer(secret), "GET", WHO).status != status:
        assert time.monotonic() - begun < 5  # a second is promised, of a machine with time for it
        time.sleep(0.02)


def test_changes_on_two_servers_at_once_are_all_in_the_log_once(pair: tuple[Guarded, Guarded]) -> None:
    user = pair[0].user("editor")
    experiment = pair[0].experiment(user)
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        server = pair[number % 2]
        barrier.wait()
        for step in range(5):
            body = {"experiment_id": experiment, "key": "shared", "value": f"{number}-{step}"}
            server.ask(user, "POST", "experiments/set-experiment-tag", body)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = pair[0].access.search_audit(entity=f"experiment:{experiment}", max_results=1000)
    tags = [entry for entry in found if entry.action == "set_experiment_tag"]
    assert len(tags) == 40
    assert len({entry.after for entry in tags}) == 40


def test_every_process_of_a_server_knows_who_asks(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    store = open_store(uri)
    access_of(store).create_user("ada", password_hash=cheap_hash(PASSWORD), role="admin")
    store.close()
    with QuireServer(tmp_path, workers=2, auth={}) as server:
        for _ in range(8):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.request("GET", WHO, headers=basic("ada"))
            assert connection.getresponse().status == 200
            connection.close()


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quire", "server", "--auth", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Nobody administers this server yet.")
    assert "Traceback" not in done.stderr


class Turns:
    """A client whose every request goes to the other of two servers."""

    def __init__(self, pair: tuple[Guarded, Guarded], headers: dict[str, str]) -> None:
        self._servers, self._headers = itertools.cycle(pair), headers

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = next(self._servers).call(self._headers, method, path, body)
        assert answer.status == 200, answer.body
        return answer

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.call(method, path, body).json


def test_a_client_may_ask_another_server_each_time(guard: Guard, postgres_uri: str, bucket: str) -> None:
    pair = tuple(guard(uri=postgres_uri, server={"artifact_root": bucket}) for _ in range(2))
    user = pair[0].user()
    client = Turns(pair, bearer(pair[0].token(user)))  # type: ignore[arg-type]
    experiment = client.ask("POST", "experiments/create", {"name": "turns"})["experiment_id"]
    runs = [client.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"] for _ in range(5)]
    search: dict[str, Any] = {"experiment_ids": [experiment], "max_results": 2}
    found: list[str] = []
    while True:  # the page token of one is used on the other
        page = client.ask("POST", "runs/search", search)
        found += [run["info"]["run_id"] for run in page["runs"]]
        if not page.get("next_page_token"):
            break
        search["page_token"] = page["next_page_token"]
    assert sorted(found) == sorted(runs)

    folder = f"{experiment}/{runs[0]}/artifacts"
    files = "/api/2.0/mlflow-artifacts"
    parts = [b"a" * 5_242_880, b"end"]
    begun = client.ask("POST", f"{files}/mpu/create/{folder}", {"path": "big.bin", "num_parts": 2})
    tags = [put(each["url"], data) for each, data in zip(begun["credentials"], parts, strict=True)]
    sent = [{"part_number": number, "etag": tag} for number, tag in enumerate(tags, 1)]
    done = {"path": "big.bin", "upload_id": begun["upload_id"], "parts": sent}
    client.ask("POST", f"{files}/mpu/complete/{folder}", done)
    assert client.call("GET", f"{files}/artifacts/{folder}/big.bin").body == b"".join(parts)
    client.call("PUT", f"{files}/artifacts/{folder}/small.txt", b"small")
    listed = client.ask("GET", f"artifacts/list?run_id={runs[0]}")["files"]
    assert [item["path"] for item in listed] == ["big.bin", "small.txt"]
    assert client.call("GET", f"/get-artifact?run_uuid={runs[0]}&path=small.txt").body == b"small"

    client.ask("POST", "registered-models/create", {"name": "turner"})
    source = {"name": "turner", "source": f"runs:/{runs[0]}/model", "run_id": runs[0]}
    client.ask("POST", "model-versions/create", source)
    client.ask("POST", "registered-models/alias", {"name": "turner", "alias": "champion", "version": "1"})
    version = client.ask("GET", "registered-models/alias?name=turner&alias=champion")["model_version"]
    assert (version["version"], version["run_id"]) == ("1", runs[0])
    entries = {entry.action for entry in pair[1].access.search_audit(username=user)}
    assert {"create_experiment", "create_run", "complete_multipart_upload", "upload", "set_alias"} <= entries
