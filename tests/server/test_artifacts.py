"""Files through the server: whole, in ranges, as they come; never outside of the root, never half."""

from __future__ import annotations

import hashlib
import http.client
import os
import resource
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.server.conftest import Served

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def test_a_folder_is_not_listed_by_an_absolute_path(server: Served) -> None:
    server.call("PUT", "/api/2.0/mlflow-artifacts/artifacts/folder/file", b"x")
    for path in ("/", "//", "/folder", "%2Ffolder"):
        answer = server.call("GET", f"/api/2.0/mlflow-artifacts/artifacts?path={path}")
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), path
    assert server.call("GET", "/api/2.0/mlflow-artifacts/artifacts?path=folder/").json["files"]


def test_a_file_comes_back_whole_and_in_ranges(server: Served) -> None:
    data = os.urandom(3_000_000)
    assert server.call("PUT", f"{FILES}/1/run/artifacts/a.bin", data).status == 200
    whole = server.call("GET", f"{FILES}/1/run/artifacts/a.bin")
    assert whole.body == data
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-disposition"] == "attachment; filename=a.bin"
    wanted = {
        "bytes=0-0": (0, 1),
        "bytes=10-1999999": (10, 2_000_000),
        "bytes=2999990-": (2_999_990, 3_000_000),
        "bytes=-7": (2_999_993, 3_000_000),
        "bytes=5-99999999": (5, 3_000_000),
    }
    for header, (start, stop) in wanted.items():
        part = server.call("GET", f"{FILES}/1/run/artifacts/a.bin", headers={"Range": header})
        assert (part.status, part.body) == (206, data[start:stop])
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/3000000"
    beyond = server.call("GET", f"{FILES}/1/run/artifacts/a.bin", headers={"Range": "bytes=3000000-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */3000000")
    for header in ("bytes=a-b", "lines=1-2", "bytes=0-1,3-4"):
        assert server.call("GET", f"{FILES}/1/run/artifacts/a.bin", headers={"Range": header}).status == 200


def test_what_is_known_already_is_not_sent_again(server: Served) -> None:
    server.call("PUT", f"{FILES}/tag/a.txt", b"one")
    tag = server.call("GET", f"{FILES}/tag/a.txt").headers["etag"]
    assert server.call("GET", f"{FILES}/tag/a.txt", headers={"If-None-Match": tag}).status == 304
    part = server.call("GET", f"{FILES}/tag/a.txt", headers={"Range": "bytes=1-", "If-Range": '"other"'})
    assert (part.status, part.body) == (200, b"one")
    head = server.call("HEAD", f"{FILES}/tag/a.txt")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "3")


def test_a_folder_is_listed_and_deleted(server: Served) -> None:
    for name in ("b.txt", "deep/c.txt", "é ü.txt"):
        server.call("PUT", f"{FILES}/listed/{http_path(name)}", b"x" * 5)
    files = server.call("GET", f"{FILES}?path=listed").json["files"]
    assert files == [
        {"path": "b.txt", "is_dir": False, "file_size": 5},
        {"path": "deep", "is_dir": True},
        {"path": "é ü.txt", "is_dir": False, "file_size": 5},
    ]
    assert server.call("GET", f"{FILES}?path=listed/b.txt").json == {}
    assert server.call("GET", f"{FILES}/listed/deep").status == 400
    assert server.call("DELETE", f"{FILES}/listed/deep/").status == 200
    assert server.call("DELETE", f"{FILES}/listed/deep").status == 200
    missing = server.call("GET", f"{FILES}/listed/deep/c.txt")
    assert (missing.status, missing.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def http_path(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def test_files_of_runs_and_models_are_found_at_mlflows_older_paths(server: Served) -> None:
    run = server.run()
    root = server.ask("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    assert root == f"mlflow-artifacts:/0/{run}/artifacts"
    server.call("PUT", f"{FILES}/0/{run}/artifacts/notes/é.txt".replace("é", "%C3%A9"), b"inside")
    listed = server.ask("GET", "artifacts/list", run_id=run)
    assert listed == {"root_uri": root, "files": [{"path": "notes", "is_dir": True}]}
    deeper = server.ask("GET", "artifacts/list", run_id=run, path="notes/")
    assert deeper["files"] == [{"path": "notes/é.txt", "is_dir": False, "file_size": 6}]
    got = server.call("GET", f"/get-artifact?run_uuid={run}&path=notes/%C3%A9.txt")
    assert got.body == b"inside"
    assert "filename*=UTF-8''%C3%A9.txt" in got.headers["content-disposition"]
    model = server.ask("POST", "logged-models", {"experiment_id": "0", "name": "m"})["model"]["info"]
    server.call("PUT", f"{FILES}/0/models/{model['model_id']}/artifacts/MLmodel", b"model")
    path = f"/ajax-api/2.0/mlflow/logged-models/{model['model_id']}/artifacts"
    assert server.call("GET", f"{path}/files?artifact_file_path=MLmodel").body == b"model"
    assert server.call("GET", f"{path}/directories").json["files"][0]["path"] == "MLmodel"
    server.ask("POST", "registered-models/create", {"name": "filed"})
    source = {"name": "filed", "source": f"models:/{model['model_id']}", "model_id": model["model_id"]}
    server.ask("POST", "model-versions/create", source)
    assert server.call("GET", "/model-versions/get-artifact?name=filed&version=1&path=MLmodel").body == b"model"
    upload = server.call("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=up.txt", b"up")
    assert upload.status == 200
    assert server.call("GET", f"/get-artifact?run_uuid={run}&path=up.txt").body == b"up"


CLIMBING = [
    "../secret",
    "..%2Fsecret",
    "..%252Fsecret",
    "%2e%2e/secret",
    "%252e%252e%252fsecret",
    "a/../../secret",
    "a/%2e%2e/%2e%2e/secret",
    "/etc/passwd",
    "%2Fetc/passwd",
    "..%5Csecret",
    "C:/secret",
    "C%3A%5Csecret",
    "a//secret",
    "%00",
    "a%0Ab",
    ".",
    "%2e%2e",
    "a/...",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leaves_the_root(path: str, server: Served) -> None:
    root = Path(server.settings.backend_store_uri.removeprefix("sqlite:///")).parent
    (root / "secret").write_text("secret")
    for method, body in (("GET", None), ("PUT", b"x"), ("DELETE", None)):
        answer = raw(server, method, f"{FILES}/{path}", body)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404")), answer
        assert b"error_code" in answer
    assert (root / "secret").read_text() == "secret"
    run = server.run()
    assert raw(server, "GET", f"/get-artifact?run_uuid={run}&path={path}", None).startswith(b"HTTP/1.1 400")
    assert raw(server, "GET", f"{FILES}?path={path}", None).split(b" ")[1] in (b"400", b"200")


def raw(server: Served, method: str, path: str, body: bytes | None) -> bytes:
    """Send a path as it is: clients would tidy it."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + (body or b""))
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_a_link_out_of_the_root_is_not_followed(server: Served, tmp_path: Path) -> None:
    server.call("PUT", f"{FILES}/linked/a.txt", b"x")
    root = Path(server.settings.backend_store_uri.removeprefix("sqlite:///")).parent / "quire-artifacts"
    (tmp_path / "outside.txt").write_text("secret")
    (root / "linked" / "out").symlink_to(tmp_path)
    for method, body in (("GET", None), ("PUT", b"y"), ("DELETE", None)):
        assert server.call(method, f"{FILES}/linked/out/outside.txt", body).status == 403
    assert (tmp_path / "outside.txt").read_text() == "secret"


def test_a_location_that_a_client_names_is_not_followed(server: Served, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    body = {"name": "elsewhere", "artifact_location": str(tmp_path)}
    experiment = server.ask("POST", "experiments/create", body)["experiment_id"]
    run = server.run(experiment)
    for path in (f"/get-artifact?run_uuid={run}&path=secret.txt", f"/api/2.0/mlflow/artifacts/list?run_id={run}"):
        answer = server.call("GET", path)
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")


def test_an_upload_that_breaks_off_leaves_nothing(server: Served) -> None:
    server.call("PUT", f"{FILES}/broken/a.txt", b"before")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("PUT", f"{FILES}/broken/a.txt")
    connection.putheader("Content-Length", "5000000")
    connection.endheaders()
    connection.send(b"y" * 3_000_000)
    folder = Path(server.settings.backend_store_uri.removeprefix("sqlite:///")).parent / "quire-artifacts" / "broken"
    eventually(lambda: len(list(folder.iterdir())) == 2)
    connection.close()
    eventually(lambda: [path.name for path in folder.iterdir()] == ["a.txt"])
    assert server.call("GET", f"{FILES}/broken/a.txt").body == b"before"


def test_large_files_pass_in_little_memory_and_beyond_the_limit_of_requests(serve: Callable[..., Served]) -> None:
    server = serve(max_request_bytes=1000)
    block, count = os.urandom(1 << 20), 300
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("PUT", f"{FILES}/large.bin")
    connection.putheader("Content-Length", str(count << 20))
    connection.endheaders()
    for _ in range(count):
        connection.send(block)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"{}")
    connection.request("GET", f"{FILES}/large.bin")
    answer = connection.getresponse()
    found = hashlib.sha256()
    while part := answer.read(1 << 20):
        found.update(part)
    assert found.hexdigest() == hashlib.sha256(block * count).hexdigest()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (400 << 10), f"{grown >> 10} MiB more"  # the hash above holds the whole file once
    connection.close()


def test_writers_of_one_file_leave_one_whole_version(server: Served) -> None:
    versions = [bytes([65 + number]) * 2_000_000 for number in range(6)]
    threads = [threading.Thread(target=server.call, args=("PUT", f"{FILES}/one.bin", version)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.call("GET", f"{FILES}/one.bin").body in versions


def test_a_server_that_serves_no_artifacts_says_so(serve: Callable[..., Served], tmp_path: Path) -> None:
    server = serve(serve_artifacts=False, default_artifact_root=str(tmp_path / "kept"))
    run = server.run()
    info = server.ask("GET", "runs/get", run_id=run)["run"]["info"]
    assert info["artifact_uri"] == f"{tmp_path}/kept/0/{run}/artifacts"
    answer = server.call("PUT", f"{FILES}/a.txt", b"x")
    assert answer.status == 400
    assert "--serve-artifacts" in answer.json["message"]
    (tmp_path / "kept" / "0" / run / "artifacts").mkdir(parents=True)
    (tmp_path / "kept" / "0" / run / "artifacts" / "a.txt").write_text("direct")
    assert server.call("GET", f"/get-artifact?run_uuid={run}&path=a.txt").body == b"direct"


def test_text_that_a_browser_would_run_is_sent_as_text(server: Served) -> None:
    for name, kind in {
        "a.html": "text/plain",
        "a.js": "text/plain",
        "a.svg": "image/svg+xml",
        "a.png": "image/png",
        "MLmodel": "text/plain",
        "a.unknown": "application/octet-stream",
    }.items():
        server.call("PUT", f"{FILES}/kinds/{name}", b"<script>")
        answer = server.call("GET", f"{FILES}/kinds/{name}")
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
