"""A server whose files lie in a bucket: through it, and around it by signed URLs."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server.conftest import Served, serving

FILES = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"


@pytest.fixture
def server(bucket: str, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, artifact_root=f"{bucket}/kept") as served:
        yield served


def put(url: str, data: bytes) -> str:
    """Send a part, or a file, as MLflow's client does: without a content type."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("PUT", f"{parts.path}?{parts.query}", data)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    return str(answer.headers.get("ETag"))


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_files_pass_through_the_server(server: Served) -> None:
    data = bytes(range(256)) * 10_000
    assert server.call("PUT", f"{FILES}/1/a.bin", data).status == 200
    assert server.call("GET", f"{FILES}/1/a.bin").body == data
    part = server.call("GET", f"{FILES}/1/a.bin", headers={"Range": "bytes=1000-2000"})
    assert (part.status, part.body) == (206, data[1000:2001])
    assert server.call("GET", f"{FILES}?path=1").json["files"][0] == {
        "path": "a.bin",
        "is_dir": False,
        "file_size": len(data),
    }
    assert server.call("GET", f"{FILES}/1").status == 400
    assert server.call("DELETE", f"{FILES}/1").status == 200
    assert server.call("GET", f"{FILES}/1/a.bin").status == 404


def test_a_client_fetches_and_sends_files_by_signed_urls(server: Served) -> None:
    server.call("PUT", f"{FILES}/1/a é.txt".replace("é", "%C3%A9").replace(" ", "%20"), b"inside")
    signed = server.call("GET", "/api/2.0/mlflow-artifacts/presigned/1/a%20%C3%A9.txt").json
    assert signed["file_size"] == 6
    assert get(signed["url"]) == b"inside"
    run = server.run()
    upload = server.ask("POST", "artifacts/presigned-upload-url", {"run_id": run, "path": "deep/b.txt"})
    put(upload["presigned_url"], b"sent")
    assert server.call("GET", f"/get-artifact?run_uuid={run}&path=deep/b.txt").body == b"sent"
    back = server.ask("POST", "artifacts/presigned-download-url", {"run_id": run, "path": "deep/b.txt"})
    assert (get(back["presigned_url"]), back["file_size"]) == (b"sent", 4)
    model = server.ask("POST", "logged-models", {"experiment_id": "0", "name": "m"})["model"]["info"]["model_id"]
    assert server.ask("POST", "artifacts/presigned-upload-url", {"model_id": model, "path": "MLmodel"})["presigned_url"]
    for body in ({"path": "a"}, {"path": "a", "run_id": run, "model_id": model}, {"path": "../a", "run_id": run}):
        assert server.call("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", body).status == 400
    body = {"path": "a", "run_id": run, "expiration": 10**9}
    assert server.call("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", body).status == 400


def test_a_large_file_is_sent_to_the_bucket_in_parts(server: Served) -> None:
    info = server.call("GET", "/api/3.0/mlflow/server-info").json
    assert (info["multipart_uploads_enabled"], info["multipart_downloads_enabled"]) == (True, True)
    parts = [b"a" * 5_242_880, b"b" * 5_242_880, b"end"]
    folder = "1/run/artifacts"
    begun = server.call("POST", f"{MPU}/create/{folder}", {"path": "/home/me/big file.bin", "num_parts": 3}).json
    tags = [put(each["url"], data) for each, data in zip(begun["credentials"], parts, strict=True)]
    sent = [
        {"part_number": number, "etag": tag, "url": each["url"]}
        for number, (tag, each) in enumerate(zip(tags, begun["credentials"], strict=True), 1)
    ]
    done = {"path": "big file.bin", "upload_id": begun["upload_id"], "parts": list(reversed(sent))}
    answer = server.call("POST", f"{MPU}/complete/{folder}", done)
    assert (answer.status, answer.json) == (200, {})
    assert server.call("GET", f"{FILES}/{folder}/big%20file.bin").body == b"".join(parts)


def test_an_upload_in_parts_is_given_up_and_never_keeps_the_writer_of_the_store_waiting(server: Served) -> None:
    written = server.app.context.work.counts[0]
    begun = server.call("POST", f"{MPU}/create/1", {"path": "a.bin", "num_parts": 2}).json
    named = {"path": "a.bin", "upload_id": begun["upload_id"]}
    assert server.call("POST", f"{MPU}/abort/1", named).status == 200
    assert server.call("GET", f"{FILES}/1/a.bin").status == 404
    assert server.app.context.work.counts[0] == written


@pytest.mark.parametrize(
    "body",
    [
        {"path": "a", "num_parts": 0},
        {"path": "a", "num_parts": 10_001},
        {"path": "..", "num_parts": 1},
        {"num_parts": 1},
    ],
)
def test_an_upload_in_parts_that_cannot_be_is_refused(body: dict[str, object], server: Served) -> None:
    assert server.call("POST", f"{MPU}/create/1", body).status == 400


def test_parts_cannot_carry_anything_but_their_tags(server: Served) -> None:
    begun = server.call("POST", f"{MPU}/create/1", {"path": "a.bin", "num_parts": 1}).json
    for tag in ("</ETag><Evil/>", ""):
        body = {"path": "a.bin", "upload_id": begun["upload_id"], "parts": [{"part_number": 1, "etag": tag}]}
        assert server.call("POST", f"{MPU}/complete/1", body).status == 400


def test_files_that_lie_on_the_servers_disk_have_no_urls(serve: Callable[..., Served]) -> None:
    server = serve()
    server.call("PUT", f"{FILES}/1/a.txt", b"x")
    for method, path, body in (
        ("POST", f"{MPU}/create/1", {"path": "a", "num_parts": 1}),
        ("GET", "/api/2.0/mlflow-artifacts/presigned/1/a.txt", None),
    ):
        answer = server.call(method, path, body)
        assert (answer.status, answer.json["error_code"]) == (501, "NOT_IMPLEMENTED")


def test_an_operator_can_keep_clients_away_from_the_bucket(bucket: str, serve: Callable[..., Served]) -> None:
    server = serve(artifact_root=bucket, direct_transfers=False)
    assert server.call("POST", f"{MPU}/create/1", {"path": "a", "num_parts": 1}).status == 501
    assert server.call("GET", "/api/3.0/mlflow/server-info").json["multipart_uploads_enabled"] is False
