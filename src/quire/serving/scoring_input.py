"""A body of ``/invocations`` read into rows: MLflow's four JSON forms, its bare form, CSV, Parquet.

========================  ====================================================================================
key                       value
========================  ====================================================================================
``dataframe_split``       ``{"columns": […], "data": [[…], …]}``, with an ``index`` that means nothing here
``dataframe_records``     ``[{column: value, …}, …]``
``inputs``                one value, a list of values or of mappings, or a mapping of columns
``instances``             the same
``prompt`` or ``input``   the bare form: the body itself is the row, and the answer is not wrapped
========================  ====================================================================================

Beside one of the four stands ``params``. A value is brought to the type of its column, as MLflow does: a number in a
column of text becomes its digits.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, MissingExtra, SchemaError
from quire.domain.rows import Row
from quire.domain.signature import ModelSignature
from quire.serving.errors import UnreadableInput, UnsupportedContent
from quire.serving.scoring_types import ColumnTypes

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
BARE = ("prompt", "input")
"""Keys of the bare form; the third of MLflow's, ``messages``, is for a chat, which a packaged model makes itself."""

_EXPECTED = f"Send a JSON object with exactly one of the keys {', '.join(FORMS)}, and params beside it if need be"


class Scoring(msgspec.Struct, frozen=True):
    """Rows to predict for, with the parameters given. ``wrapped`` says that the answer is ``{"predictions": …}``.

    ``columns`` are those of a table, which may have no rows.
    """

    rows: list[Row]
    params: dict[str, Any]
    wrapped: bool = True
    columns: list[str] | None = None

    def check_columns(self, needed: Sequence[str]) -> None:
        """Raise UnreadableInput for a table without rows that lacks a column too: it was meant to be something else."""
        lacking = [name for name in needed if name not in (self.columns or ())]
        if not self.rows and lacking:
            raise UnreadableInput(f"The input has no rows, and lacks the column(s) {lacking}; it has {self.columns}.")


def read_scoring(body: bytes, content_type: str, signature: ModelSignature) -> Scoring:
    """The rows of a request's body.

    Raises UnsupportedContent for a content type that is not read, UnreadableInput for a body that is not of it.
    """
    read = _READERS[_media_type(content_type)]
    scoring = read(body, signature)
    types = ColumnTypes(signature.inputs)
    return msgspec.structs.replace(scoring, rows=[types.row(number, row) for number, row in enumerate(scoring.rows)])


def _media_type(content_type: str) -> str:
    media, *settings = [part.strip() for part in content_type.split(";")]
    for setting in filter(None, settings):
        name, _, value = setting.partition("=")
        if name.strip().lower() != "charset":
            raise UnsupportedContent(f"The content type {content_type!r} has the parameter {name!r}, which is unknown.")
        if value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedContent(f"The content type {content_type!r} names a character set other than UTF-8.")
    if media.lower() not in _READERS:
        raise UnsupportedContent(
            f"The content type is {content_type!r}; expected one of {', '.join(_READERS)}. With curl: "
            "-H 'Content-Type: application/json'."
        )
    return media.lower()


# -- JSON ----------------------------------------------------------------------------------------


def _read_json(body: bytes, signature: ModelSignature) -> Scoring:
    content = _decoded(body)
    if not isinstance(content, dict):
        raise UnreadableInput(f"The body is {_kind(content)}. {_EXPECTED}.")
    forms = [name for name in FORMS if name in content]
    if not forms and any(name in content for name in (*BARE, "messages")):
        return _read_bare(content, signature)
    if len(forms) != 1:
        found = f"has the keys {forms}" if forms else f"has none of them, but {list(content)[:20]}"
        raise UnreadableInput(f"{_EXPECTED}; the body {found}.")
    form, value = forms[0], content[forms[0]]
    rows = _FORMS[form](value)
    columns = [str(name) for name in value.get("columns") or ()] if form == "dataframe_split" else None
    return Scoring(rows, _params(content.get("params")), columns=columns)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"The body is not JSON ({error}). {_EXPECTED}.") from None
    except RecursionError:
        raise UnreadableInput("The body is nested too deeply to be read.") from None


def _params(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidInput(
            f"`params` is {_kind(given)}; expected an object of parameters, such as {{'temperature': 1}}."
        )
    return given


def _read_bare(content: dict[str, Any], signature: ModelSignature) -> Scoring:
    if "messages" in content:
        raise InvalidInput(
            "The body has the key 'messages', which the packaged model makes itself. Send its inputs "
            f"({', '.join(FORMS)}), or the messages to /v1/chat/completions."
        )
    open_names = {spec.name for spec in signature.params or ()}
    params = {name: value for name, value in content.items() if name in open_names}
    row = {name: value for name, value in content.items() if name not in open_names}
    return Scoring(_read_inputs(row), params, wrapped=False)


def _read_split(value: Any) -> list[Row]:
    if not isinstance(value, dict):
        raise UnreadableInput(
            f"`dataframe_split` is {_kind(value)}; expected an object with the keys columns and data."
        )
    unknown = [name for name in value if name not in ("columns", "data", "index")]
    data, columns, index = (value.get(name) for name in ("data", "columns", "index"))
    if unknown or not isinstance(data, list):
        raise UnreadableInput(
            f"`dataframe_split` has the keys {list(value)}; expected data, a list of rows, with columns and index or "
            "without them."
        )
    if columns is not None and not isinstance(columns, list):
        raise UnreadableInput(f"`dataframe_split.columns` is {_kind(columns)}; expected a list of names.")
    _refuse_twice(columns or (), "`dataframe_split`")
    if index is not None and not (isinstance(index, list) and len(index) == len(data)):
        raise UnreadableInput(f"`dataframe_split.index` does not have {len(data)} entries, one for each row.")
    return [_split_row(number, item, columns) for number, item in enumerate(data)]


def _refuse_twice(names: Sequence[Any], what: str) -> None:
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableInput(f"{what} has several columns named {', '.join(map(repr, twice))}.")


def _split_row(number: int, item: Any, columns: list[Any] | None) -> Row:
    values = item if isinstance(item, list) else [item]
    names = range(len(values)) if columns is None else columns
    if len(values) != len(names):
        raise UnreadableInput(
            f"Row {number} of `dataframe_split.data` has {len(values)} values for {len(names)} columns."
        )
    return {str(name): value for name, value in zip(names, values, strict=True)}


def _read_records(value: Any) -> list[Row]:
    if not isinstance(value, list):
        raise UnreadableInput(f"`dataframe_records` is {_kind(value)}; expected a list of records.")
    return _rows(value, "dataframe_records")


def _read_inputs(value: Any) -> list[Row]:
    if isinstance(value, list):
        return _rows(value, "inputs")
    if value is None or value == {}:
        raise UnreadableInput(f"The input is {'null' if value is None else 'an empty object'}; expected rows.")
    return _columns(value) if isinstance(value, dict) else [value]


def _rows(items: list[Any], what: str) -> list[Row]:
    if not items:
        raise SchemaError(f"`{what}` has no rows; expected at least one.")
    return [_row(item) for item in items]


def _row(item: Any) -> Row:
    """A row of names, of positions, or one bare value."""
    return {str(number): value for number, value in enumerate(item)} if isinstance(item, list) else item


def _columns(columns: dict[str, Any]) -> list[Row]:
    """The rows of columns: a single value stands in each row, as in a dataframe."""
    lengths = {name: len(value) for name, value in columns.items() if isinstance(value, list)}
    if not lengths:
        return [columns]
    if len(set(lengths.values())) > 1:
        raise SchemaError(f"The columns differ in length: {lengths}.")
    count = next(iter(lengths.values()))
    filled = {name: value if name in lengths else [value] * count for name, value in columns.items()}
    return [dict(zip(filled, values, strict=True)) for values in zip(*filled.values(), strict=True)]


_FORMS: dict[str, Callable[[Any], list[Row]]] = {
    "dataframe_split": _read_split,
    "dataframe_records": _read_records,
    "inputs": _read_inputs,
    "instances": _read_inputs,
}

# -- CSV and Parquet -----------------------------------------------------------------------------


def _read_csv(body: bytes, signature: ModelSignature) -> Scoring:
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"The body is not UTF-8 text ({error}); expected CSV with a line of names.") from None
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        names, *records = [record for record in csv.reader(io.StringIO(text, newline=""), strict=True) if record]
    except csv.Error as error:
        raise UnreadableInput(f"The body is not CSV ({error}).") from None
    except ValueError:
        raise UnreadableInput("The body is empty; expected CSV with a line of names.") from None
    _refuse_twice(names, "The CSV")
    for number, record in enumerate(records):
        if len(record) != len(names):
            raise UnreadableInput(f"Row {number} of the CSV has {len(record)} values; its first line names {names}.")
    return Scoring([dict(zip(names, record, strict=True)) for record in records], {}, columns=names)


def _read_parquet(body: bytes, signature: ModelSignature) -> Scoring:
    try:
        import pyarrow  # type: ignore[import-untyped, unused-ignore]
        from pyarrow import parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra("This server cannot read Parquet: pyarrow is not installed where it runs.") from None
    try:
        table = parquet.read_table(io.BytesIO(body))
        return Scoring(table.to_pylist(), {}, columns=table.column_names)
    except (pyarrow.ArrowException, OSError) as error:
        raise UnreadableInput(f"The body is not a Parquet file that can be read ({error}).") from None


_READERS: dict[str, Callable[[bytes, ModelSignature], Scoring]] = {
    JSON: _read_json,
    CSV: _read_csv,
    PARQUET: _read_parquet,
}


def _kind(value: Any) -> str:
    names: dict[type, str] = {list: "a list", dict: "an object", str: "text", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
