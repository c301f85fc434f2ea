"""Endpoints as a file says them: a mapping with the key ``endpoints``, a list of endpoints by their fields.

Every key is held against the fields of :mod:`quire.domain.endpoints`: one that is misspelt is refused, with the names
that there are, rather than left out.
"""

from __future__ import annotations

import datetime
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

from quire.domain.endpoint_checks import check_endpoint
from quire.domain.endpoints import STRUCTURE, Endpoint
from quire.domain.errors import InvalidInput

STORED = ("revision", "creation_time", "last_update_time")
"""Fields that the store fills; a file may hold them, as what was listed does, and they are left out."""


def read_endpoints(data: Any, where: str = "The file") -> list[Endpoint]:
    """The endpoints of a file's content, checked. Raises InvalidInput, naming the place in it."""
    listed = data.get("endpoints") if isinstance(data, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise InvalidInput(
            f"{where} names no endpoints; expected the key 'endpoints' with a list, such as "
            "endpoints: [{name: joker, model: models:/joker@champion}]."
        )
    unknown = [str(key) for key in data if key != "endpoints"]
    if unknown:
        raise InvalidInput(f"{where} has the unknown keys {unknown}; expected 'endpoints' alone.")
    found = [_placed(item, f"{where}: endpoints[{index}]") for index, item in enumerate(listed)]
    names = [endpoint.name for endpoint in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{where} has several endpoints named {', '.join(map(repr, twice))}.")
    return found


def _placed(item: Any, where: str) -> Endpoint:
    """One endpoint of a file; the place is named whatever is wrong with it."""
    try:
        return read_endpoint(item, where)
    except InvalidInput as error:
        raise error if error.message.startswith(where) else InvalidInput(f"{where}: {error.message}") from None


def read_endpoint(data: Any, where: str = "The endpoint") -> Endpoint:
    """One endpoint of a mapping, checked. Raises InvalidInput."""
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{where} is {_brief(data)}; expected a mapping with the keys 'name' and 'model'.")
    given = {key: value for key, value in data.items() if key not in STORED}
    _refuse_unknown(Endpoint, given, where)
    try:
        endpoint = msgspec.convert(_without_dates(given), Endpoint)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where} cannot be read: {error}.") from None
    return check_endpoint(endpoint)


def endpoint_fields(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as a file holds it: without what the store fills, and without what is as by default."""
    written: dict[str, Any] = msgspec.to_builtins(endpoint)
    if endpoint.passes == list(STRUCTURE):
        del written["passes"]
    return {key: value for key, value in written.items() if key not in STORED and value != {}}


def _refuse_unknown(kind: type[msgspec.Struct], data: Mapping[Any, Any], where: str) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    known = [name for name in fields if name not in STORED]
    for key, value in data.items():
        if key not in fields:
            raise InvalidInput(f"{where} has the unknown key {key!r}; expected {', '.join(known)}.")
        inner = _struct_in(fields[key])
        for place, item in _items(value, f"{where}.{key}"):
            if inner is not None and isinstance(item, Mapping):
                _refuse_unknown(inner, item, place)


def _without_dates(value: Any) -> Any:
    """What YAML takes for a date, as an Azure API version looks like one, as it was written."""
    if isinstance(value, Mapping):
        return {key: _without_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def _items(value: Any, where: str) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [(f"{where}[{index}]", item) for index, item in enumerate(value)]
    return [(where, value)]


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds, by itself, as an option or in a list."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) in (list, Union, types.UnionType):
        return next((found for part in get_args(kind) if (found := _struct_in(part)) is not None), None)
    return None


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
