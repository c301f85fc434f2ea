"""Input rows: from what a caller gave to the text that fills a template.

A row is a mapping from column to value, or one bare value for a model with a single input. Which column fills
what follows MLflow: a template with one variable, or with none, takes the column of that name, else the first
column; a template with several variables needs a column for each. Where the signature names the single input
otherwise than the template does, the signature's column fills the variable. Columns beyond these are ignored.

A null (None, NaN, NaT, pandas.NA) is refused, except in a column that the signature marks as optional, where it
is the empty text. Other values are accepted when they fit the column's declared type: a string column takes
text alone, so that 1, 1.0 and True never become words by accident. Text with half a surrogate pair, which no
encoding can carry, is refused.
"""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Mapping
from typing import Any

from quire.domain.errors import SchemaError
from quire.domain.schema import AnyType, ColSpec, DataType, Schema

Row = Mapping[str, Any] | str

_NUMERIC = {DataType.integer, DataType.long, DataType.float, DataType.double}


class RowReader:
    """Reads the values that a template needs out of each row, checked against the signature."""

    def __init__(self, variables: frozenset[str], schema: Schema | None) -> None:
        self.variables = tuple(sorted(variables))
        specs = [spec for spec in schema or () if isinstance(spec, ColSpec)]
        self._specs = {spec.name: spec for spec in specs if spec.name is not None}
        self._unnamed = next((spec for spec in specs if spec.name is None), None)
        self._single = self._single_column()
        self._refuse_unfillable()

    def _single_column(self) -> str | None:
        """The column of a model with one input, by name; "" when any name will do; None with several."""
        if len(self.variables) > 1:
            return None
        if self.variables and (self.variables[0] in self._specs or not self._specs):
            return self.variables[0]
        texts = [name for name, spec in self._specs.items() if spec.type is DataType.string]
        return next(iter(texts or self._specs), "")

    def _refuse_unfillable(self) -> None:
        lacking = [name for name in self.variables if name not in self._specs]
        if len(self.variables) > 1 and lacking and (self._specs or self._unnamed):
            raise SchemaError(
                f"The template has the variables {list(self.variables)}, and the signature's inputs lack {lacking} "
                f"(they are {list(self._specs) or 'one unnamed column'}). Add a ColSpec for each, "
                "or leave the signature's inputs out to have them inferred."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read where they exist; none when a template's single input may have any name."""
        if self._single is None:
            return self.variables
        return (self._single,) if self._single else ()

    def read(self, index: int, row: Row) -> dict[str, str]:
        """The values of one row by variable; the key "" holds the input of a template without variables.

        ``index`` is the row's position, for errors. Raises SchemaError.
        """
        values = self._read_several(index, row) if self._single is None else self._read_single(index, row)
        for name, text in values.items():
            if not text.isascii():
                _refuse_broken_text(index, name, text)
        return values

    def _read_single(self, index: int, row: Row) -> dict[str, str]:
        key = self.variables[0] if self.variables else ""
        if not isinstance(row, Mapping):
            return {key: row if type(row) is str else self._text(index, self._single or "", row)}
        column = self._column(index, row)
        value = row[column]
        return {key: value if type(value) is str else self._text(index, column, value)}

    def _read_several(self, index: int, row: Row) -> dict[str, str]:
        if not isinstance(row, Mapping):
            raise SchemaError(
                f"Row {index} is {_show(row)}; the template has the variables {list(self.variables)}, so each row "
                "must be a mapping (or a dataframe) with these columns."
            )
        values: dict[str, str] = {}
        for name in self.variables:
            try:
                value = row[name]
            except KeyError:
                value = self._missing(index, row, name)
            values[name] = value if type(value) is str else self._text(index, name, value)
        return values

    def _missing(self, index: int, row: Mapping[str, Any], name: str) -> Any:
        spec = self._specs.get(name)
        if spec is not None and not spec.required:
            return None
        lacking = [key for key in self.variables if key not in row]
        raise SchemaError(
            f"Row {index} lacks the column(s) {lacking}; it has {list(row)[:20]}. "
            f"The template needs {list(self.variables)}."
        )

    def _column(self, index: int, row: Mapping[str, Any]) -> str:
        assert self._single is not None
        if self._single in row:
            return self._single
        if self._single in self._specs and self._unnamed is None:
            raise SchemaError(
                f"Row {index} lacks the column {self._single!r}; it has {list(row)[:20]}. "
                f"The model's signature names its input {self._single!r}."
            )
        for column in row:
            return column
        raise SchemaError(f"Row {index} is empty; expected one value for the model's input.")

    def _text(self, index: int, column: str, value: Any) -> str:
        spec = self._specs.get(column, self._unnamed)
        if isinstance(value, str):
            return str(value)
        if is_null(value):
            if spec is not None and not spec.required:
                return ""
            raise SchemaError(
                f"Row {index}, column {column or 'input'!r}, is null. Fill it or drop the row; to send nulls as "
                "empty text, declare the column optional in the signature: ColSpec('string', NAME, required=False)."
            )
        if spec is not None and _fits(spec, value):
            return str(value)
        declared = spec.type if spec is not None else DataType.string
        raise SchemaError(
            f"Row {index}, column {column or 'input'!r}, is {_show(value)}, which is {_kind(value)}; expected "
            f"{declared!r}. Convert the column to text first, or declare its type in the signature's inputs."
        )


def _refuse_broken_text(index: int, name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SchemaError(
            f"Row {index}, {name or 'input'!r}, holds {text[error.start]!r} at position {error.start}: half a "
            "surrogate pair, which cannot be sent. It comes of text that was decoded wrongly; repair it with "
            "text.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace')."
        ) from error


def _fits(spec: ColSpec, value: Any) -> bool:
    if spec.type is DataType.boolean:
        return isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}
    if spec.type in {DataType.integer, DataType.long}:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if spec.type in _NUMERIC:
        return isinstance(value, numbers.Real) and not isinstance(value, bool)
    if spec.type is DataType.datetime:
        return isinstance(value, datetime.datetime)
    return isinstance(spec.type, AnyType) and isinstance(value, numbers.Real | datetime.datetime)


def is_null(value: Any) -> bool:
    """Whether a value stands for nothing: None, NaN, NaT or pandas.NA."""
    if value is None:
        return True
    if isinstance(value, numbers.Real):
        return bool(value != value)
    return type(value).__name__ in {"NAType", "NaTType"}


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
