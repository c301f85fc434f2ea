"""Which columns of a row are its inputs, expectations, outputs, group and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.datasets.record import Record
from quire.datasets.values import is_nothing, plain
from quire.domain.dataset_splits import GROUP_TAG, SPLIT_TAG
from quire.domain.datasets import RecordSource, input_hash
from quire.domain.errors import InvalidInput

Names = str | Sequence[str] | Mapping[str, str]
"""Columns: one, several, or a column for each field."""

_OWN = ("inputs", "expectations", "outputs", "group", "tags", "source")
_IGNORED = frozenset(
    {
        "record_id",
        "dataset_id",
        "dataset_record_id",
        "source_id",
        "source_type",
        "created_time",
        "last_update_time",
        "created_by",
        "last_updated_by",
    }
)
_SHOWN = 30


class Columns:
    """Makes records of rows.

    Without names, a row has the columns ``inputs`` (a mapping), and perhaps ``expectations``, ``outputs``, ``group``,
    ``tags`` and ``source``, as MLflow's records do; text that is a JSON object is read as one. With names, each says
    which columns go where.
    """

    def __init__(
        self,
        *,
        inputs: Names | None = None,
        expectations: Names | None = None,
        outputs: Names | None = None,
        group: str | None = None,
        tags: Names | None = None,
        split: str | None = None,
    ) -> None:
        given = {"expectations": expectations, "outputs": outputs, "group": group, "tags": tags}
        if inputs is None and any(value is not None for value in given.values()):
            raise InvalidInput('Say which columns are the inputs too, such as inputs=["question"].')
        self._inputs = None if inputs is None else _fields(inputs, "inputs")
        self._expectations = _fields(expectations, "expectations")
        self._outputs = outputs if isinstance(outputs, str) else _fields(outputs, "outputs")
        self._tags = _fields(tags, "tags")
        if split is not None:
            self._tags = {**self._tags, SPLIT_TAG: split}
        self._group = group
        wanted = [*(self._inputs or {}).values(), *self._expectations.values(), *self._tags.values()]
        wanted += [self._outputs] if isinstance(self._outputs, str) else list(self._outputs.values())
        self._wanted = list(dict.fromkeys([*wanted, *([group] if group is not None else [])]))

    def check(self, columns: Sequence[str], what: str = "The data") -> None:
        """Raise InvalidInput, naming the columns there are, if one that is needed is not among them."""
        needed = ["inputs"] if self._inputs is None else self._wanted
        if missing := [name for name in needed if name not in columns]:
            raise _missing(what, missing, columns)

    def without_blanks(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of a text table, in which an empty cell is nothing, but for inputs: there it is empty text."""
        kept = ["inputs"] if self._inputs is None else self._inputs.values()
        return {name: None if value == "" and name not in kept else value for name, value in row.items()}

    def record(self, place: str, row: Any) -> Record:
        """The record of a row. Raises InvalidInput, naming the place, for a missing column or a value that is none."""
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{place} is a {type(row).__name__}; expected a mapping from column to value.")
        return self._of_own(place, row) if self._inputs is None else self._of_named(place, row)

    def _of_named(self, place: str, row: Mapping[str, Any]) -> Record:
        assert self._inputs is not None
        try:
            inputs = {field: plain(row[name], place, f"inputs.{field}") for field, name in self._inputs.items()}
            expectations = _filled(row, self._expectations, place, "expectations")
            if isinstance(self._outputs, str):
                value = row[self._outputs]
                outputs = None if is_nothing(value) else plain(value, place, "outputs")
            else:
                outputs = _filled(row, self._outputs, place, "outputs") or None
            tags = _filled(row, self._tags, place, "tags")
            group = None if self._group is None else row[self._group]
        except KeyError:
            raise _missing(place, [name for name in self._wanted if name not in row], list(row)) from None
        return _made(inputs, expectations, outputs, group, tags, None)

    def _of_own(self, place: str, row: Mapping[str, Any]) -> Record:
        if "inputs" not in row:
            raise _missing(place, ["inputs"], list(row))
        if len(row) > 1 and (others := [name for name in row if name not in _OWN and name not in _IGNORED]):
            raise InvalidInput(
                f"{place} has the column(s) {', '.join(map(repr, others[:_SHOWN]))} beside 'inputs'; expected only "
                f"{', '.join(_OWN)}. Say where each belongs: inputs=[...], expectations=[...], tags=[...]."
            )
        tags = _object(place, row, "tags")
        split = self._tags.get(SPLIT_TAG)
        if split is not None and not is_nothing(tags.get(split)):
            tags = {**tags, SPLIT_TAG: tags[split]}
        inputs = _object(place, row, "inputs")
        if not inputs:
            raise InvalidInput(f"{place}: inputs is empty; expected at least one field.")
        outputs = row.get("outputs")
        return _made(
            inputs,
            _object(place, row, "expectations"),
            None if is_nothing(outputs) or _is_empty(outputs) else plain(outputs, place, "outputs"),
            row.get("group"),
            tags,
            _source(place, row.get("source")),
        )


def _made(
    inputs: dict[str, Any],
    expectations: dict[str, Any],
    outputs: Any,
    group: Any,
    tags: dict[str, Any],
    source: RecordSource | None,
) -> Record:
    if group is None and GROUP_TAG in tags:
        tags = dict(tags)
        group = tags.pop(GROUP_TAG)
    return Record(
        inputs=inputs,
        expectations=expectations,
        outputs=outputs,
        group=None if is_nothing(group) else str(group),
        tags=tags,
        record_id=input_hash(inputs),
        source=source,
    )


def _is_empty(value: Any) -> bool:
    return isinstance(value, Mapping) and not value


def _fields(names: Names | None, what: str) -> dict[str, str]:
    """Field to column."""
    if names is None:
        return {}
    if isinstance(names, str):
        return {names: names}
    if isinstance(names, Mapping):
        return dict(names)
    found = list(names)
    if not all(isinstance(name, str) for name in found):
        raise InvalidInput(f"{what} is {found!r}; expected names of columns.")
    if what == "inputs" and not found:
        raise InvalidInput("inputs names no column; expected at least one.")
    return {name: name for name in found}


def _filled(row: Mapping[str, Any], fields: Mapping[str, str], place: str, what: str) -> dict[str, Any]:
    """The fields whose cells are not empty."""
    values = {field: row[name] for field, name in fields.items()}
    return {key: plain(value, place, f"{what}.{key}") for key, value in values.items() if not is_nothing(value)}


def _object(place: str, row: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    if isinstance(value, str) and value:
        value = _read(place, name, value)
    if value == "" or is_nothing(value):
        value = {}
    if not isinstance(value, dict):
        raise InvalidInput(
            f"{place}: {name} is a {type(value).__name__}; expected a mapping. If {name!r} is a column of your own, "
            f"say what it is: inputs=[{name!r}]."
        )
    made: dict[str, Any] = plain(value, place, name)
    return made


def _read(place: str, name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInput(
            f"{place}: {name} is the text {text[:60]!r}; expected a mapping, or the JSON text of one. If {name!r} is a "
            f"column of your own, say what it is: inputs=[{name!r}]."
        ) from None


def _source(place: str, value: Any) -> RecordSource | None:
    if is_nothing(value) or isinstance(value, RecordSource):
        return value if isinstance(value, RecordSource) else None
    value = _read(place, "source", value) if isinstance(value, str) else value
    try:
        return msgspec.convert(plain(value, place, "source"), RecordSource)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{place}: source cannot be read ({error}).") from None


def _missing(place: str, missing: Sequence[str], there: Sequence[Any]) -> InvalidInput:
    shown = ", ".join(map(repr, there[:_SHOWN])) + (", …" if len(there) > _SHOWN else "")
    hint = "" if missing != ["inputs"] else ' Say which columns are the inputs, such as inputs=["question"].'
    return InvalidInput(f"{place} has no column {', '.join(map(repr, missing))}; there are {shown or 'none'}.{hint}")
