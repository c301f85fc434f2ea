"""Artifacts behind a server: where URIs lead, what breaks on the way, and who is sent credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

import quire
from quire.artifacts import direct, http, open_artifacts
from quire.artifacts.http import locate
from quire.domain.errors import InvalidInput, InvalidState, NotFound, QuireError, Unavailable
from tests.quire_server import QuireServer
from tests.store.rest.conftest import OK, Request, Scripted, answer

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
Servers = Callable[..., Scripted]


@pytest.fixture
def scripted() -> Iterator[Servers]:
    servers: list[Scripted] = []

    def start(*answers: object) -> Scripted:
        servers.append(Scripted(list(answers)))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_HTTP_PATIENCE", "1")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-token")


def listing(*files: tuple[str, int | None]) -> bytes:
    found = [
        {"path": path, "is_dir": size is None, **({"file_size": size} if size is not None else {})}
        for path, size in files
    ]
    return answer("200 OK", msgspec.json.encode({"files": found}))


@pytest.mark.parametrize(
    ("uri", "tracking_uri", "url", "base", "folder"),
    [
        ("mlflow-artifacts:/1/abc", "http://one:5000", "http://one:5000", PROXY, "1/abc"),
        ("mlflow-artifacts:/", "https://one", "https://one", PROXY, ""),
        ("mlflow-artifacts:", "https://one", "https://one", PROXY, ""),
        ("mlflow-artifacts:/a%20b", "http://one/behind/it/", "http://one/behind/it", PROXY, "a b"),
        ("mlflow-artifacts://two:6000/1", "https://one", "https://two:6000", PROXY, "1"),
        (f"http://two/x{PROXY}/1/abc", "http://one", "http://two/x", PROXY, "1/abc"),
        (f"http://one{PROXY}", "http://one/behind", "http://one", PROXY, ""),
        ("https://two/some/files", "http://one", "https://two", "", "some/files"),
    ],
)
def test_where_a_uri_leads(uri: str, tracking_uri: str, url: str, base: str, folder: str) -> None:
    client, found_base, found_folder = locate(uri, tracking_uri)
    assert (client.url, found_base, found_folder) == (url, base, folder)


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("mlflow-artifacts:/../etc", "climbs out"),
        ("mlflow-artifacts:/%2e%2e/etc", "climbs out"),
        ("mlflow-artifacts:/a?x=1", "holds a query"),
        (f"http://host{PROXY}/a#b", "holds a query or a fragment"),
        ("http:///x", "names no server"),
    ],
)
def test_a_uri_that_leads_nowhere_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        open_artifacts(uri, "http://one")


def test_the_current_tracking_uri_is_the_default(scripted: Servers) -> None:
    server = scripted(answer("200 OK", b"hello", "text/plain"))
    quire.set_tracking_uri(server.url)
    assert open_artifacts("mlflow-artifacts:/1").get_bytes("a b.txt") == b"hello"
    assert server.requests[0].target == f"{PROXY}/1/a%20b.txt"
    assert server.requests[0].headers["authorization"] == "Bearer a-token"


def test_another_server_is_sent_no_credentials(scripted: Servers) -> None:
    tracking, other = scripted(OK), scripted(answer("200 OK", b"hello", "text/plain"))
    for uri in (f"{other.url}{PROXY}/1", f"mlflow-artifacts://127.0.0.1:{other.port}/1", f"{other.url}/plain/1"):
        assert open_artifacts(uri, tracking.url).get_bytes("a") == b"hello"
    assert len(other.requests) == 3
    assert all("authorization" not in request.headers for request in other.requests)
    assert tracking.requests == []


def test_a_download_is_not_sent_on_to_another_server(scripted: Servers) -> None:
    other = scripted(OK)
    server = scripted(answer("302 Found", b"", Location=f"{other.url}/x"))
    store = open_artifacts("mlflow-artifacts:/1", server.url)
    with pytest.raises(QuireError):
        store.get_bytes("a")
    assert other.requests == []


def _broken(content: bytes, whole: int, **headers: str) -> bytes:
    """An answer that announces more than it sends."""
    return answer("200 OK", content, "application/octet-stream", connection="close", **headers).replace(
        f"Content-Length: {len(content)}".encode(), f"Content-Length: {whole}".encode()
    )


def test_a_download_that_breaks_off_goes_on_where_it_was(scripted: Servers, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)

    def rest(request: Request) -> bytes:
        start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        assert request.headers["if-range"] == '"v1"'
        part = content[start : start + 700_000]
        mark = f"bytes {start}-{len(content) - 1}/{len(content)}"
        reply = answer("206 Partial Content", part, Content_Range=mark, connection="close")
        return reply.replace(
            f"Content-Length: {len(part)}".encode(), f"Content-Length: {len(content) - start}".encode()
        )

    server = scripted(listing(("big", 3_000_000)), _broken(content[:1_200_000], 3_000_000, ETag='"v1"'), rest)
    fetched = open_artifacts("mlflow-artifacts:/1", server.url).get("big", tmp_path)
    assert fetched.read_bytes() == content
    assert [request.headers.get("range") for request in server.requests] == [
        None,
        None,
        "bytes=1200000-",
        "bytes=1900000-",
        "bytes=2600000-",
    ]


def test_a_file_that_changed_meanwhile_is_fetched_anew(scripted: Servers, tmp_path: Path) -> None:
    server = scripted(
        listing(("big", 9)), _broken(b"old ", 9, ETag='"v1"'), answer("200 OK", b"new whole", ETag='"v2"')
    )
    assert open_artifacts("mlflow-artifacts:/1", server.url).get("big", tmp_path).read_bytes() == b"new whole"
    assert server.requests[2].headers["range"] == "bytes=4-"


def test_a_download_that_never_comes_further_is_given_up_and_leaves_nothing(scripted: Servers, tmp_path: Path) -> None:
    server = scripted(listing(("big", 9)), _broken(b"", 9))
    with pytest.raises(Unavailable, match=r"artifacts/1/big from http://\S+ broke off 8 times"):
        open_artifacts("mlflow-artifacts:/1", server.url).get("big", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\x", "..", "%2e%2e/x"])
def test_a_name_that_leads_out_of_the_folder_is_refused(scripted: Servers, tmp_path: Path, name: str) -> None:
    server = scripted(listing((name, 1)))
    store = open_artifacts("mlflow-artifacts:/1", server.url)
    for call in (store.list, lambda: list(store.walk()), lambda: store.get("", tmp_path / "out")):
        with pytest.raises(InvalidInput, match="is not an artifact path"):
            call()
    assert not (tmp_path / "etc").exists()


def test_files_outside_of_a_proxy_are_read_and_written_but_not_listed(scripted: Servers, tmp_path: Path) -> None:
    server = scripted(answer("200 OK", b"hello", "text/plain"))
    store = open_artifacts(f"{server.url}/files", "sqlite://")
    assert store.get("a/b", tmp_path).read_bytes() == b"hello"
    store.put_bytes(b"new", "c")
    assert [(request.method, request.target) for request in server.requests] == [
        ("GET", "/files/a/b"),
        ("PUT", "/files/c"),
    ]
    with pytest.raises(InvalidState, match="cannot be listed"):
        store.list()


def test_a_file_that_is_cut_while_it_is_sent_is_named(scripted: Servers, tmp_path: Path) -> None:
    server = scripted(OK)
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100)
    with source.open("rb") as file:
        cut = http._Exactly(file, 200, str(source))
        with pytest.raises(InvalidState, match="was cut while it was uploaded"):
            open_artifacts("mlflow-artifacts:/1", server.url)._put(cut, 200, "a", "1/a")


def test_an_upload_that_is_refused_early_says_why(scripted: Servers, tmp_path: Path) -> None:
    refusal = b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "too large for us"}'
    server = scripted(answer("413 Payload Too Large", refusal))
    with pytest.raises(InvalidInput, match="too large for us"):
        open_artifacts("mlflow-artifacts:/1", server.url).put_bytes(b"x" * 1000, "a")


def test_an_upload_over_a_connection_that_breaks_is_sent_again_whole(scripted: Servers, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(100_000))
    server = scripted(None, OK)
    open_artifacts("mlflow-artifacts:/1", server.url).put_file(source, "a")
    assert [request.body for request in server.requests] == [source.read_bytes()] * 2


def test_nothing_missing_is_made_of_a_server_that_is_away(scripted: Servers) -> None:
    server = scripted(OK)
    server.close()
    store = open_artifacts("mlflow-artifacts:/1", server.url)
    with pytest.raises(Unavailable, match="cannot be reached"):
        store.get_bytes("a")
    with pytest.raises(Unavailable, match="cannot be reached"):
        store.exists("a")


@pytest.fixture
def behind_a_bucket(bucket: str, tmp_path: Path) -> Iterator[QuireServer]:
    with QuireServer(tmp_path / "server", artifact_root=f"{bucket}/files") as server:
        yield server


def test_large_files_go_straight_to_the_object_store(
    behind_a_bucket: QuireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGE", 1_000_000)
    monkeypatch.setattr(direct, "PART", 5 * 1024 * 1024)
    asked: list[str] = []
    ask = direct._ask
    monkeypatch.setattr(direct, "_ask", lambda method, *rest: asked.append(method) or ask(method, *rest))
    source = tmp_path / "source"
    source.write_bytes(os.urandom(12_000_000))
    store = open_artifacts("mlflow-artifacts:/1", behind_a_bucket.url)
    store.put_file(source, "big.bin")
    assert [(info.path, info.file_size) for info in store.walk()] == [("big.bin", 12_000_000)]
    assert store.get("big.bin", tmp_path / "out").read_bytes() == source.read_bytes()
    assert asked.count("PUT") == 3
    assert asked.count("GET") in (0, 3)  # as the server offers


def test_large_files_go_through_a_server_that_offers_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGE", 1_000_000)
    source = tmp_path / "source"
    source.write_bytes(os.urandom(5_000_000))
    with QuireServer(tmp_path / "server") as server:
        store = open_artifacts("mlflow-artifacts:/1", server.url)
        store.put_file(source, "big.bin")
        assert store.get("big.bin", tmp_path / "out").read_bytes() == source.read_bytes()
        with pytest.raises(NotFound, match=r"big\.bin"):
            store.get_bytes("other.bin")
