"""Reading what scorers compare: the text of an answer, what was expected of it, and JSON inside of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput

EXPECTED = "expected_response"
"""The expectation that holds the right answer, by MLflow's name."""
_TEXT_KEYS = ("response", "content", "text", "output", "answer")


def answer_text(outputs: Any) -> str:
    """An answer as text: text itself, a number, or the text in a mapping that holds one (``response`` and the like).

    Raises InvalidInput where there is none.
    """
    if isinstance(outputs, str):
        return outputs
    if isinstance(outputs, bool | int | float):
        return msgspec.json.encode(outputs).decode()
    if isinstance(outputs, Mapping):
        keys = list(outputs) if len(outputs) == 1 else [key for key in _TEXT_KEYS if key in outputs]
        if keys and isinstance(outputs[keys[0]], str):
            return str(outputs[keys[0]])
    raise InvalidInput(f"The answer is {shown(outputs)}; expected text, or a mapping with text under 'response'.")


def expected(expectations: Mapping[str, Any] | None, field: str = EXPECTED) -> Any:
    """What was expected: the expectation ``field``; where the default one is missing, the only one that there is.

    Raises InvalidInput where there is none.
    """
    if expectations:
        if field in expectations:
            return expectations[field]
        if field == EXPECTED and len(expectations) == 1:
            return next(iter(expectations.values()))
    raise InvalidInput(
        f"The record has no expectation {field!r}; it has {sorted(map(str, expectations or {})) or 'none'}. Add it to "
        "the dataset, or name another (field=…)."
    )


def accepted(expectations: Mapping[str, Any] | None, field: str = EXPECTED) -> list[str]:
    """The texts that count as right: the expectation, or each of a list of them. Raises InvalidInput."""
    given = expected(expectations, field)
    texts = given if isinstance(given, list | tuple) else [given]
    if not texts:
        raise InvalidInput(f"The expectation {field!r} is an empty list; give at least one right answer.")
    return [_expected_text(text, field) for text in texts]


def _expected_text(given: Any, field: str) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, bool | int | float):
        return msgspec.json.encode(given).decode()
    raise InvalidInput(f"The expectation {field!r} is {shown(given)}; expected text, or a list of texts.")


def json_value(given: Any, what: str) -> Any:
    """A JSON value: decoded where it is text, a fence of Markdown around it left out. Raises InvalidInput."""
    if not isinstance(given, str):
        return given
    text = given.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json").strip()
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{what} is not JSON ({error}): {shown(given)}.") from None


def json_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 is 1.0 and not true, keys have no order, lists have one."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(json_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(json_equal, one, other))
    return bool(one == other)


def shown(value: Any) -> str:
    """A value in an error's text: its beginning."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
