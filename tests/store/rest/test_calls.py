"""Calls to a server: when they are tried again, when not, and what is said of failures."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import (
    AlreadyExists,
    InvalidInput,
    InvalidState,
    NotFound,
    PermissionDenied,
    QuireError,
    Unauthenticated,
    Unavailable,
)
from quire.store import open_store
from quire.store.rest import RestStore
from tests.store.rest.conftest import OK, Request, Scripted, answer

Servers = Callable[..., Scripted]
RUN = "0" * 32


def _away() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_server_that_is_away_is_named() -> None:
    url = _away()
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=rf"{url} cannot be reached: .*refused.*Check that it runs"):
        RestStore(url).get_run(RUN)
    assert time.monotonic() - begun < 5


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(Unavailable, match=r"http://no-such-host\.invalid cannot be reached"):
        RestStore("http://no-such-host.invalid").get_run(RUN)


def test_a_server_that_starts_meanwhile_gets_even_a_call_that_must_not_be_repeated(
    scripted: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIRE_HTTP_PATIENCE", "10")
    url = _away()
    made = answer("200 OK", b'{"experiment_id": "7"}')
    later = threading.Timer(0.5, lambda: scripted(made, port=int(url.rpartition(":")[2])))
    later.start()
    assert RestStore(url).create_experiment("x") == "7"
    later.join()


def test_a_create_that_may_have_happened_is_not_repeated(scripted: Servers) -> None:
    server = scripted(None)
    with pytest.raises(Unavailable, match=r"may or may not have been done.*Look with get_experiment_by_name\('x'\)"):
        RestStore(server.url).create_experiment("x")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Timeout", "503 Service Unavailable"])
def test_a_gateway_that_failed_has_reading_tried_again_and_creating_not(scripted: Servers, status: str) -> None:
    failed = answer(status, b"<html>", "text/html")
    server = scripted(failed, failed, answer("200 OK", b'{"experiments": []}'))
    assert RestStore(server.url).search_experiments() == []
    assert len(server.requests) == 3
    server = scripted(failed)
    with pytest.raises(Unavailable, match=f"status {status[:3]}"):
        RestStore(server.url).create_run("1")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_server_that_asks_for_a_pause_gets_it(scripted: Servers, status: str) -> None:
    server = scripted(answer(status, Retry_After="0.5"), answer("200 OK", b'{"experiment_id": "7"}'))
    begun = time.monotonic()
    assert RestStore(server.url).create_experiment("x") == "7"
    assert time.monotonic() - begun >= 0.5
    assert len(server.requests) == 2


def test_a_pause_longer_than_patience_is_not_waited_for(scripted: Servers) -> None:
    body = b'{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slowly"}'
    server = scripted(answer("429 Too Many Requests", body, Retry_After="3600"))
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="slowly") as refused:
        RestStore(server.url).get_run(RUN)
    assert time.monotonic() - begun < 2.5  # less than FIRST_PATIENCE
    assert refused.value.error_code == "REQUEST_LIMIT_EXCEEDED"


def test_a_connection_that_breaks_has_logging_tried_again(scripted: Servers) -> None:
    server = scripted(None, OK)
    RestStore(server.url).log_batch(RUN, metrics=[Metric("m", 1.0)])
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body


def test_connections_are_kept(scripted: Servers) -> None:
    server = scripted()
    store = RestStore(server.url)
    for _ in range(5):
        store.delete_run(RUN)
    assert {request.connection for request in server.requests} == {1}


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(scripted: Servers) -> None:
    server = scripted(OK, answer("200 OK", b'{"experiment_id": "7"}'), idle=0.2)
    store = RestStore(server.url)
    store.delete_run(RUN)
    time.sleep(0.5)
    assert store.create_experiment("x") == "7"
    assert [request.connection for request in server.requests] == [1, 2]


def test_a_create_takes_no_connection_that_the_server_may_be_closing(scripted: Servers) -> None:
    server = scripted(OK, answer("200 OK", b'{"experiment_id": "7"}'))
    store = RestStore(server.url)
    store.delete_run(RUN)
    time.sleep(1.1)
    store.create_experiment("x")
    assert [request.connection for request in server.requests] == [1, 2]


def test_a_silent_server_is_given_up(scripted: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "0.3")
    monkeypatch.setenv("QUIRE_HTTP_PATIENCE", "0")
    server = scripted(lambda request: time.sleep(2) or OK)
    with pytest.raises(Unavailable, match="no answer in time"):
        RestStore(server.url).get_run(RUN)


def test_a_timeout_that_is_no_number_is_refused(scripted: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_HTTP_REQUEST_TIMEOUT", "soon")
    with pytest.raises(InvalidInput, match=r"HTTP_REQUEST_TIMEOUT is 'soon'.*number of seconds"):
        RestStore(scripted().url).get_run(RUN)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("404 Not Found", "RESOURCE_DOES_NOT_EXIST", NotFound),
        ("400 Bad Request", "RESOURCE_ALREADY_EXISTS", AlreadyExists),
        ("400 Bad Request", "INVALID_PARAMETER_VALUE", InvalidInput),
        ("400 Bad Request", "BAD_REQUEST", InvalidInput),
        ("400 Bad Request", "INVALID_STATE", InvalidState),
        ("403 Forbidden", "PERMISSION_DENIED", PermissionDenied),
        ("401 Unauthorized", "UNAUTHENTICATED", Unauthenticated),
        ("503 Service Unavailable", "TEMPORARILY_UNAVAILABLE", Unavailable),
        ("500 Internal Server Error", "INTERNAL_ERROR", QuireError),
        ("400 Bad Request", "SOMETHING_NEW", InvalidInput),
        ("500 Internal Server Error", "SOMETHING_NEW", QuireError),
    ],
)
def test_a_server_s_error_keeps_its_kind_code_and_words(
    scripted: Servers, status: str, code: str, kind: type[QuireError]
) -> None:
    body = msgspec.json.encode({"error_code": code, "message": "said so", "sqlstate": "X"})
    with pytest.raises(QuireError, match=r"^said so$") as refused:
        RestStore(scripted(answer(status, body)).url).create_experiment("x")
    assert type(refused.value) is kind
    if code != "SOMETHING_NEW":
        assert refused.value.error_code == code


def test_a_database_s_statement_is_not_shown(scripted: Servers) -> None:
    body = msgspec.json.encode({"error_code": "BAD_REQUEST", "message": "(sqlite3.Error) UNIQUE\n[SQL: INSERT 'x']"})
    with pytest.raises(InvalidInput) as refused:
        RestStore(scripted(answer("400 Bad Request", body)).url).create_experiment("x")
    assert refused.value.message == "(sqlite3.Error) UNIQUE"


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (answer("200 OK", b"<html>welcome", "text/html"), "not MLflow's protocol.*13 bytes of text/html"),
        (answer("200 OK", b'{"other": 1}'), "not MLflow's protocol: Object missing required field `run`"),
        (answer("404 Not Found", b"<html>", "text/html"), "status 404.*names a tracking server, with its path"),
        (answer("404 Not Found", b"no such page", "text/plain"), "It said: no such page"),
        (answer("413 Payload Too Large", b"", "text/plain"), "refused GET /api/2.0/mlflow/runs/get as too large"),
        (answer("500 Oops", b"", "text/plain"), "failed with status 500 .*Look in the server's log"),
        (
            answer("401 Unauthorized", b"who?", "text/plain"),
            "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        ),
        (answer("403 Forbidden", b"no", "text/plain"), "does not allow GET .*It said: no"),
        (b"HELLO\r\n\r\n", "cannot be reached: HELLO"),
    ],
)
def test_a_server_of_another_kind_is_recognised(scripted: Servers, reply: bytes, problem: str) -> None:
    with pytest.raises(QuireError, match=problem):
        RestStore(scripted(reply).url).get_run(RUN)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(scripted: Servers, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-token")
    other = scripted()
    server = scripted(answer(status, b"", Location=f"{other.url}/api"))
    with pytest.raises(InvalidState, match=rf"on to '{other.url}/api'.*Use that address as the tracking URI"):
        RestStore(server.url).get_run(RUN)
    assert other.requests == []


def test_numbers_that_json_cannot_write_travel_as_words(scripted: Servers) -> None:
    history = (
        b'{"metrics": [{"key": "m", "value": "NaN", "timestamp": "5", "step": 1}, {"key": "m", "value": "-Infinity"}]}'
    )
    server = scripted(OK, answer("200 OK", history))
    store = RestStore(server.url)
    store.log_batch(
        RUN, metrics=[Metric("a", math.nan), Metric("b", math.inf), Metric("c", -math.inf), Metric("d", 1.5)]
    )
    sent = [metric["value"] for metric in msgspec.json.decode(server.requests[0].body)["metrics"]]
    assert sent == ["NaN", "Infinity", "-Infinity", 1.5]
    low, nan = store.get_metric_history(RUN, "m")
    assert (low.value, low.step, low.timestamp) == (-math.inf, 0, 0)
    assert math.isnan(nan.value)
    assert (nan.step, nan.timestamp) == (1, 5)


def test_no_credential_in_a_text_leaves_the_machine(scripted: Servers) -> None:
    secret = "sk-abcdefghijklmnopqrstuv"
    server = scripted()
    store = RestStore(server.url)
    store.log_batch(RUN, params=[Param("p", secret)], tags=[Tag("t", secret)])
    store.set_experiment_tag("1", Tag("t", secret))
    store.set_registered_model_tag("m", Tag("t", secret))
    assert all(secret.encode() not in request.body for request in server.requests)
    assert sum(request.body.count(b"[REDACTED]") for request in server.requests) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_opens_connections_of_its_own(scripted: Servers) -> None:
    server = scripted()
    store = RestStore(server.url)
    store.delete_run(RUN)
    child = os.fork()
    if child == 0:
        try:
            store.delete_run(RUN)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.delete_run(RUN)
    assert [request.connection for request in server.requests] == [1, 2, 1]


def test_many_threads_share_a_store_and_each_gets_its_own_answer(scripted: Servers) -> None:
    def echo(request: Request) -> bytes:
        name = msgspec.json.decode(request.body)["name"]
        return answer("200 OK", msgspec.json.encode({"experiment_id": name}))

    store = RestStore(scripted(echo).url)
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        found[number] = [store.create_experiment(f"{number}-{turn}") for turn in range(30)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"{number}-{turn}" for turn in range(30)] for number in range(8)}


def test_one_store_a_process_for_each_server(scripted: Servers) -> None:
    server = scripted()
    store = open_store(server.url)
    assert open_store(server.url) is store
    assert store.uri == server.url
    store.close()
    assert open_store(server.url) is not store


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("http://", "names no server"),
        ("http://host:port", "Port could not be cast"),
        ("http://host:99999", "Port out of range"),
        ("http://host?x=1", "holds a query"),
        ("http://host/#x", "holds a query or a fragment"),
    ],
)
def test_an_address_that_is_none_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        open_store(uri)
