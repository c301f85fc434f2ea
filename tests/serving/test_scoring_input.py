"""Bodies of ``/invocations`` by properties: a table in every form is the same rows, and what is wrong is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import QuireError
from quire.domain.package import Package, make_package
from quire.domain.schema import ColSpec, Schema
from quire.domain.signature import ModelSignature
from quire.serving.errors import UnsupportedContent
from quire.serving.scoring import plan_rows
from quire.serving.scoring_input import CSV, JSON, PARQUET, Scoring, read_scoring

MESSAGES = [{"role": "user", "content": "{a} and {b}"}]
TWO = make_package("gpt-4o-mini", "chat.completions", {"messages": MESSAGES})
ONE = make_package("gpt-4o-mini", "chat.completions", {"messages": [{"role": "user", "content": "{a}"}]})
TYPES = ("string", "long", "integer", "double", "float", "boolean", "datetime", "binary")
TYPED = [
    make_package(
        "gpt-4o-mini",
        "chat.completions",
        {"messages": MESSAGES},
        ModelSignature(inputs=Schema([ColSpec(kind, "a"), ColSpec("string", "b")])),
    )
    for kind in TYPES
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
TABLES = st.lists(st.fixed_dictionaries({"a": TEXTS, "b": TEXTS}), min_size=1, max_size=8)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
KEYS = ("dataframe_split", "dataframe_records", "inputs", "instances", "params", "prompt", "input", "messages")


def read(body: Any, kind: str = JSON) -> Scoring:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_scoring(raw, kind, TWO.signature)


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["a", "b"], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@given(TABLES)
def test_one_table_is_the_same_rows_in_every_form(rows: list[dict[str, str]]) -> None:
    columns = {name: [row[name] for row in rows] for name in ("a", "b")}
    split = {"columns": ["b", "a"], "data": [[row["b"], row["a"]] for row in rows]}
    forms = [
        read({"dataframe_records": rows}),
        read({"dataframe_split": split}),
        read({"inputs": rows}),
        read({"inputs": columns}),
        read({"instances": rows}),
        read(as_csv(rows), CSV),
    ]
    for found in forms:
        assert list(found.rows) == rows
    filled = [call.body["messages"][0]["content"] for call in plan_rows(TWO, forms[0])[0]]
    assert filled == [f"{row['a']} and {row['b']}" for row in rows]


def refusal(call: Callable[[], Any]) -> QuireError | None:
    """How a call is refused; None if it is not. Any other error is the test's."""
    try:
        call()
    except QuireError as error:
        return error
    return None


@given(st.dictionaries(st.sampled_from(KEYS), ANY_JSON, max_size=3) | ANY_JSON, st.sampled_from([ONE, TWO, *TYPED]))
def test_any_json_is_planned_or_refused(body: Any, package: Package) -> None:
    def plan() -> None:
        calls, _timeout = plan_rows(package, read_scoring(json.dumps(body).encode(), JSON, package.signature))
        assert [row for call in calls for row in call.rows] == list(range(len(calls)))

    refused = refusal(plan)
    assert refused is None or refused.http_status == 400


@given(st.binary(max_size=200), st.sampled_from([JSON, CSV, PARQUET]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    refused = refusal(lambda: read(body, kind))
    assert refused is None or refused.http_status == 400


@given(TEXTS)
def test_any_csv_is_read_or_refused(text: str) -> None:
    def rows() -> None:
        found = read(text.encode(), CSV)
        assert all(isinstance(row, dict) and list(row) == found.columns for row in found.rows)

    refused = refusal(rows)
    assert refused is None or refused.http_status == 400


@given(TEXTS)
def test_any_content_type_is_known_or_refused_with_415(kind: str) -> None:
    refused = refusal(lambda: read({"inputs": [{"a": "x", "b": "y"}]}, kind))
    assert refused is None or isinstance(refused, UnsupportedContent)
