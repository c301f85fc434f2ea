"""What may be logged: the text of a param or tag, the number of a metric."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from quire.domain.entities import Param, Tag, ViewType
from quire.domain.errors import InvalidInput

_VIEWS: dict[object, ViewType] = {
    1: "ACTIVE_ONLY",
    2: "DELETED_ONLY",
    3: "ALL",
    "ACTIVE_ONLY": "ACTIVE_ONLY",
    "DELETED_ONLY": "DELETED_ONLY",
    "ALL": "ALL",
}


def checked_key(kind: str, key: object) -> str:
    """A key as text. Raises InvalidInput for anything but text that is not empty."""
    if isinstance(key, str) and key:
        return key
    raise InvalidInput(f"The key of a {kind} must be text that is not empty, not {key!r}.")


def text_of(value: object) -> str:
    """A value as the text that is stored."""
    return value if isinstance(value, str) else str(value)


def param(key: object, value: object) -> Param:
    """A param whose value is the text of ``value``."""
    return Param(checked_key("param", key), text_of(value))


def tag(key: object, value: object) -> Tag:
    """A tag whose value is the text of ``value``."""
    return Tag(checked_key("tag", key), text_of(value))


def params(values: Mapping[str, Any]) -> list[Param]:
    """One param for each entry."""
    return [param(key, value) for key, value in expect_mapping("params", values).items()]


def tags(values: Mapping[str, Any] | None) -> list[Tag]:
    """One tag for each entry."""
    return [tag(key, value) for key, value in expect_mapping("tags", values or {}).items()]


def number(key: str, value: object) -> float:
    """A metric's value as a float: any number, NumPy scalar or one-element array. Raises InvalidInput."""
    if type(value) is float:
        return value
    if not isinstance(value, bytes | bytearray):
        with suppress(TypeError, ValueError, OverflowError):
            return float(value)  # type: ignore[arg-type]
    raise InvalidInput(
        f"The value of metric {key!r} is {_shown(value)}, which is not a number. "
        "Log a float or int; for text use log_param or set_tag."
    )


def whole_number(what: str, value: object) -> int:
    """A step or timestamp as an int. Raises InvalidInput for a fraction or something other than a number."""
    if type(value) is int:
        return value
    with suppress(TypeError, ValueError, OverflowError):
        result = int(value)  # type: ignore[call-overload]
        if result == value:
            return int(result)
    raise InvalidInput(f"`{what}` is {_shown(value)}; expected a whole number.")


def view_type(value: object) -> ViewType:
    """Which runs or experiments to show, from MLflow's numbers or words. Raises InvalidInput."""
    if value in _VIEWS:
        return _VIEWS[value]
    raise InvalidInput(f"The view type {value!r} does not exist. Expected one of ACTIVE_ONLY, DELETED_ONLY, ALL.")


def expect_mapping(what: str, values: object) -> Mapping[str, Any]:
    """``values`` if it is a mapping. Raises InvalidInput."""
    if isinstance(values, Mapping):
        return values
    raise InvalidInput(f"`{what}` must be a dictionary of keys and values, not {type(values).__name__}.")


def _shown(value: object) -> str:
    text = repr(value)
    return f"{text[:80]}{'…' if len(text) > 80 else ''} ({type(value).__name__})"
