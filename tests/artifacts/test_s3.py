"""S3: large files, endpoints, credentials, refusals."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from quire.artifacts import open_artifacts
from quire.artifacts.bucket import connect, parse_bucket
from quire.domain.errors import NotFound, QuireError, Unavailable


def test_a_large_file_travels_in_parts(bucket: str, tmp_path: Path) -> None:
    content = random.Random(7).randbytes(20_000_003)
    source = tmp_path / "big.bin"
    source.write_bytes(content)
    store = open_artifacts(f"{bucket}/root")
    store.put_file(source, "deep/big.bin")
    assert [info.file_size for info in store.walk()] == [20_000_003]
    assert store.get("deep/big.bin", tmp_path / "out").read_bytes() == content
    assert os.listdir(tmp_path / "out/deep") == ["big.bin"]


def test_the_whole_bucket_can_be_the_root(bucket: str, tmp_path: Path) -> None:
    store = open_artifacts(bucket)
    store.put_bytes(b"1", "a/b")
    assert [info.path for info in store.list()] == ["a"]
    assert [info.path for info in store.walk()] == ["a/b"]
    store.get("", tmp_path / "out")
    assert (tmp_path / "out/a/b").read_bytes() == b"1"
    store.delete()
    assert store.list() == []


def test_two_roots_whose_names_begin_alike_are_apart(bucket: str) -> None:
    open_artifacts(f"{bucket}/run").put_bytes(b"1", "a")
    open_artifacts(f"{bucket}/run2").put_bytes(b"2", "a")
    assert [info.path for info in open_artifacts(f"{bucket}/run").walk()] == ["a"]
    open_artifacts(f"{bucket}/run").delete()
    assert open_artifacts(f"{bucket}/run2").get_bytes("a") == b"2"


def test_a_thousand_and_more_objects_are_all_listed_and_deleted(bucket: str) -> None:
    from moto.s3.models import s3_backends

    kept = s3_backends["123456789012"]["aws"]  # of the server, which runs in this process: no request for each
    for number in range(1100):
        kept.put_object(bucket.removeprefix("s3://"), f"many/{number:04}", b"")
    store = open_artifacts(f"{bucket}/many")
    assert len(store.list()) == 1100
    assert len(list(store.walk())) == 1100
    store.delete()
    assert store.list() == []


def test_the_content_type_is_kept_for_browsers(bucket: str, s3_environment: str) -> None:
    import boto3

    open_artifacts(bucket).put_bytes(b"{}", "a.json")
    client = boto3.client("s3", endpoint_url=s3_environment, region_name="us-east-1")
    found = client.get_object(Bucket=bucket.removeprefix("s3://"), Key="a.json")
    assert found["ContentType"] == "application/json"


def test_mlflows_name_for_the_endpoint_is_honoured(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    open_artifacts(bucket).put_bytes(b"1", "a")
    assert open_artifacts(bucket).get_bytes("a") == b"1"


def test_a_connection_is_kept_until_its_settings_change(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, _ = parse_bucket(bucket)
    assert connect(place) is connect(place)
    before = connect(place)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert connect(place) is not before


def test_a_bucket_that_does_not_exist_is_not_found(s3_environment: str) -> None:
    with pytest.raises(NotFound, match=r"No artifact 'a' in s3:.*The bucket does not exist"):
        open_artifacts("s3://no-such-bucket-here").get_bytes("a")
    with pytest.raises(QuireError, match="no-such-bucket-here"):
        open_artifacts("s3://no-such-bucket-here").put_bytes(b"1", "a")


def test_an_unreachable_endpoint_is_unavailable_and_shows_no_secret(
    s3_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-value")
    with pytest.raises(Unavailable, match="AWS_ENDPOINT_URL") as refusal:
        open_artifacts("s3://bucket").get_bytes("a")
    assert "very-secret-value" not in str(refusal.value)
