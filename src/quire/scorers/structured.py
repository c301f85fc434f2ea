"""Structured answers: whether they fit a JSON schema, and how many of their fields are right."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.scores import Score
from quire.scorers.base import Scorer
from quire.scorers.extra import need
from quire.scorers.normalised import normalise
from quire.scorers.reading import EXPECTED, expected, json_equal, json_value, shown

_MISSING = object()


@dataclass(frozen=True)
class JsonSchema(Scorer):
    """Whether the answer is JSON that fits ``schema``. Binary; the rationale names the first thing that does not.

    ``schema`` is a JSON schema (any draft; what ``$ref`` names must be inside of it), OpenAI's ``response_format``
    around one, or a pydantic class. Accepts ``outputs`` that are a JSON value or text that holds one; text that is not
    JSON does not fit. Needs ``quire[text]``: raises MissingExtra without it, InvalidInput for a schema that is none.
    """

    schema: Any
    _: KW_ONLY
    name: str = "json_schema"
    kind = "binary"

    def __post_init__(self) -> None:
        _ = self._validator

    def parameters(self) -> dict[str, Any]:
        """Its name and the schema as JSON."""
        return {"name": self.name, "schema": schema_of(self.schema)}

    @functools.cached_property
    def _validator(self) -> Any:
        library = need("jsonschema_rs", "JsonSchema")
        try:
            return library.validator_for(schema_of(self.schema), retriever=_refuse_remote)
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"The schema is no JSON schema: {str(error).splitlines()[0]}.") from None

    def __call__(self, *, outputs: Any) -> Score:
        """Whether it fits, and what does not."""
        try:
            value = json_value(outputs, "The answer")
        except InvalidInput as error:
            return Score(name=self.name, value=False, rationale=error.message)
        fault = next(iter(self._validator.iter_errors(value)), None)
        if fault is None:
            return Score(name=self.name, value=True)
        where = "/".join(map(str, fault.instance_path)) or "the top"
        return Score(name=self.name, value=False, rationale=f"At {where}: {fault.message}"[:2_000])


def schema_of(given: Any) -> Any:
    """The JSON schema in a mapping, in OpenAI's ``response_format`` or of a pydantic class. Raises InvalidInput."""
    if hasattr(given, "model_json_schema"):
        return given.model_json_schema()
    if isinstance(given, Mapping):
        if given.get("type") == "json_schema" and isinstance(given.get("json_schema"), Mapping):
            return given["json_schema"].get("schema", {})
        return dict(given)
    if isinstance(given, bool):
        return given
    raise InvalidInput(f"The schema is {shown(given)}; expected a mapping or a pydantic class.")


def _refuse_remote(uri: str) -> Any:
    raise ValueError(f"it refers to {uri}, which is not inside of it; put what it names under $defs")


@dataclass(frozen=True)
class FieldMatch(Scorer):
    """The share of expected fields that the answer has right, from 0 to 1. A number; the rationale names the wrong.

    Accepts ``outputs`` that are a mapping, or text that holds one as JSON; the expectation ``field`` is the same. With
    ``fields`` (paths such as "name" or "address.city" or "items.0"), only these are compared; without, all that the
    expectation has at the top. Values are equal as JSON; ``normalised`` overlooks case, white space, punctuation and
    articles of texts, ``tolerance`` is an absolute one for numbers. ``each`` gives a binary score for each field too,
    named NAME/FIELD. An answer that is no mapping has all fields wrong.
    """

    fields: Sequence[str] | None = None
    _: KW_ONLY
    field: str = EXPECTED
    normalised: bool = False
    tolerance: float = 0.0
    each: bool = False
    name: str = "field_match"
    kind = "number"

    def __post_init__(self) -> None:
        if isinstance(self.fields, str) or (self.fields is not None and not list(self.fields)):
            raise InvalidInput(f"fields is {self.fields!r}; expected a list of at least one path, or None for all.")
        if not self.tolerance >= 0:
            raise InvalidInput(f"tolerance is {self.tolerance!r}; expected a number of at least 0.")

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> list[Score]:
        """The share, and with ``each`` a score for each field."""
        right = self._wanted(expectations)
        given = _mapping_or_nothing(outputs)
        verdicts = {path: self._same(_at(given, path), value) for path, value in right.items()}
        wrong = [path for path, same in verdicts.items() if not same]
        share = Score(
            name=self.name,
            value=1 - len(wrong) / len(verdicts),
            rationale=f"Wrong or missing: {', '.join(wrong)}."[:2_000] if wrong else "",
        )
        if not self.each:
            return [share]
        return [share, *(Score(name=f"{self.name}/{path}", value=same) for path, same in verdicts.items())]

    def _wanted(self, expectations: Mapping[str, Any] | None) -> dict[str, Any]:
        if self.field == EXPECTED and expectations and EXPECTED not in expectations:
            whole: Any = expectations
            if len(expectations) == 1 and isinstance(next(iter(expectations.values())), Mapping):
                whole = next(iter(expectations.values()))
        else:
            whole = json_value(expected(expectations, self.field), f"The expectation {self.field!r}")
        if not isinstance(whole, Mapping) or not whole:
            raise InvalidInput(f"The expectation {self.field!r} is {shown(whole)}; expected a mapping of fields.")
        if self.fields is None:
            return dict(whole)
        wanted = {path: _at(whole, path) for path in self.fields}
        lacking = [path for path, value in wanted.items() if value is _MISSING]
        if lacking:
            raise InvalidInput(f"The expectation has no field {lacking[0]!r}; it has {sorted(map(str, whole))}.")
        return wanted

    def _same(self, given: Any, right: Any) -> bool:
        if given is _MISSING:
            return False
        if isinstance(given, str) and isinstance(right, str) and self.normalised:
            return normalise(given) == normalise(right)
        if self.tolerance and _is_number(given) and _is_number(right):
            return bool(abs(given - right) <= self.tolerance)
        return json_equal(given, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mapping_or_nothing(outputs: Any) -> Any:
    try:
        return json_value(outputs, "The answer")
    except InvalidInput:
        return {}


def _at(value: Any, path: str) -> Any:
    """What stands at a path of keys and positions; a key that has a dot itself is found first."""
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value
