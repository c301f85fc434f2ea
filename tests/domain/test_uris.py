"""URIs of models, stores and places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.uris import (
    LocationUri,
    LoggedModelUri,
    ModelUri,
    RegisteredModelUri,
    RunUri,
    is_local,
    join_uri,
    parse_model_uri,
    store_kind,
)

MODEL = "m-" + "0123456789abcdef" * 2
RUN = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/joker/3", RegisteredModelUri("joker", version="3")),
        ("models:/joker/007", RegisteredModelUri("joker", version="7")),
        ("models:/joker@champion", RegisteredModelUri("joker", alias="champion")),
        ("models:/a@b@champion", RegisteredModelUri("a@b", alias="champion")),
        ("models:/joker/latest", RegisteredModelUri("joker", latest=True)),
        ("models:/joker/Latest", RegisteredModelUri("joker", latest=True)),
        ("models:/joker/Production", RegisteredModelUri("joker", stage="Production")),
        ("models:/my%20joker/1", RegisteredModelUri("my joker", version="1")),
        (f"models:/{MODEL}", LoggedModelUri(MODEL)),
        (f"runs:/{RUN}/model", RunUri(RUN, "model")),
        (f"runs:/{RUN}/a/b", RunUri(RUN, "a/b")),
        (f"runs:/{RUN}", RunUri(RUN, "")),
        ("s3://bucket/model", LocationUri("s3://bucket/model")),
        ("./model", LocationUri("./model")),
        ("/abs/model", LocationUri("/abs/model")),
        ("models", LocationUri("models")),
    ],
)
def test_a_model_uri(uri: str, expected: ModelUri) -> None:
    assert parse_model_uri(uri) == expected


@pytest.mark.parametrize(
    "uri", ["", "models:/", "models:/joker", "models:/a/b/c", "models:/@x", "models:/x@", "models:joker", "runs:x"]
)
def test_what_is_no_model_uri_is_refused_with_the_forms(uri: str) -> None:
    with pytest.raises(InvalidInput, match="Expected models:/NAME/VERSION"):
        parse_model_uri(uri)


@pytest.mark.parametrize("uri", ["runs:/", "runs:/short/model", f"runs:/{RUN.upper()}/model"])
def test_a_runs_uri_needs_a_run_id(uri: str) -> None:
    with pytest.raises(InvalidInput, match="32 hexadecimal digits"):
        parse_model_uri(uri)


@given(st.text())
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    for uri in (text, f"models:/{text}", f"runs:/{text}"):
        try:
            parse_model_uri(uri)
        except InvalidInput:
            continue


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("sqlite:///quire.db", "sqlite"),
        ("sqlite+pysqlite:///quire.db", "sqlite"),
        ("postgresql://h/d", "postgresql"),
        ("postgresql+psycopg://h/d", "postgresql"),
        ("http://localhost:5000", "http"),
        ("https://host", "http"),
        ("mlruns", "file"),
        ("file:///mlruns", "file"),
    ],
)
def test_the_kind_of_a_store(uri: str, kind: str) -> None:
    assert store_kind(uri) == kind


def test_a_scheme_that_no_store_serves_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'mysql', which no store serves\. Expected sqlite"):
        store_kind("mysql://host/db")


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("a/b", True),
        ("/a", True),
        ("file:///a", True),
        ("C:\\a", True),
        ("s3://b/a", False),
        ("mlflow-artifacts:/1", False),
    ],
)
def test_what_is_local(uri: str, local: bool) -> None:
    assert is_local(uri) is local


@pytest.mark.parametrize(
    ("root", "parts", "joined"),
    [
        ("/a", ("b", "c"), "/a/b/c"),
        ("/a/", ("/b/", "c"), "/a/b/c"),
        ("s3://bucket", ("1", "artifacts"), "s3://bucket/1/artifacts"),
        ("s3://bucket/x?versionId=1", ("y",), "s3://bucket/x/y?versionId=1"),
        ("/a", ("", "b"), "/a/b"),
        ("/", ("b",), "/b"),
    ],
)
def test_joining(root: str, parts: tuple[str, ...], joined: str) -> None:
    assert join_uri(root, *parts) == joined
