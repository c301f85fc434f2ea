"""Which store an artifact URI opens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from quire.artifacts import LocalArtifacts, open_artifacts
from quire.artifacts.bucket import Bucket, connect, parse_bucket
from quire.domain.errors import InvalidInput, MissingConfiguration


def test_paths_and_file_uris_are_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for uri, root in [
        (str(tmp_path / "a b"), tmp_path / "a b"),
        (f"file://{tmp_path}/a%20b", tmp_path / "a b"),
        (f"file://localhost{tmp_path}/x", tmp_path / "x"),
        (f"file:{tmp_path}/x", tmp_path / "x"),
        ("relative/folder", tmp_path / "relative/folder"),
        ("a#b?c", tmp_path / "a#b?c"),
    ]:
        store = open_artifacts(uri)
        assert isinstance(store, LocalArtifacts)
        assert store.root == root


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://b", Bucket("s3", "b"), ""),
        ("s3://b/p/q/", Bucket("s3", "b"), "p/q"),
        ("S3A://b/p", Bucket("s3", "b"), "p"),
        ("gs://b/p", Bucket("gs", "b"), "p"),
        ("az://c/p", Bucket("az", "c"), "p"),
        ("abfss://c@acc.dfs.core.windows.net/p", Bucket("az", "c", "acc.dfs.core.windows.net"), "p"),
        ("wasbs://c@acc.blob.core.windows.net", Bucket("az", "c", "acc.blob.core.windows.net"), ""),
    ],
)
def test_object_store_uris_name_a_bucket_and_a_prefix(uri: str, bucket: Bucket, prefix: str) -> None:
    assert parse_bucket(uri) == (bucket, prefix)


def test_an_azure_account_comes_from_the_uri_the_environment_or_the_connection_string(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(MissingConfiguration, match=r"Set AZURE_STORAGE_ACCOUNT_NAME"):
        connect(Bucket("az", "c"))
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5a2V5")
    connect(Bucket("az", "c", "acc.dfs.core.windows.net"))
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=acc;AccountKey=a2V5a2V5a2V5;EndpointSuffix=x")
    connect(Bucket("az", "c"))


@pytest.mark.parametrize("uri", ["ftp://host/x", "hdfs://host/x", "dbfs:/x"])
def test_a_scheme_that_nothing_serves_is_refused_with_those_that_are(uri: str) -> None:
    with pytest.raises(InvalidInput, match=r"No artifact store serves the scheme .* Expected a path, file:, s3://"):
        open_artifacts(uri)


def test_the_artifact_proxy_says_what_it_needs() -> None:
    with pytest.raises(InvalidInput, match=r'names no server. Set it: quire.set_tracking_uri\("http://host:port"\)'):
        open_artifacts("mlflow-artifacts:/0/abc/artifacts")


@pytest.mark.parametrize("uri", ["", "file://other-host/x", "s3://", "s3:///x", "s3://user@bucket/x", "s3://b/a/../c"])
def test_a_malformed_uri_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInput):
        open_artifacts(uri)


def test_local_artifacts_load_no_object_store() -> None:
    code = (
        "import sys; from quire.artifacts import open_artifacts; open_artifacts('x'); print('obstore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
