"""Endpoints as the command line says them: NAME=MODEL, a file, and fields by ``--set``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quire.domain.endpoint_files import endpoint_fields, read_endpoint
from quire.domain.endpoints import Endpoint
from quire.domain.errors import AlreadyExists, InvalidInput
from quire.store.serving import ServingStore, serving_of


def said(endpoint: str | None, file: Path | None, settings: Sequence[str] | None) -> list[Endpoint]:
    """The endpoints of a file, or the one of NAME=MODEL; with the fields that ``--set`` gives."""
    from quire.serving.endpoint_file import load_endpoints

    found = [] if endpoint is None else [named(endpoint)]
    found += [] if file is None else load_endpoints(file)
    return [with_settings(one, settings or ()) for one in found]


def named(text: str) -> Endpoint:
    """The endpoint of NAME=MODEL. Raises InvalidInput."""
    name, mark, model = text.partition("=")
    if not mark or not model:
        raise InvalidInput(f"{text!r} is no NAME=MODEL, such as joker=models:/joker@champion.")
    return read_endpoint({"name": name.strip(), "model": model.strip()})


def with_settings(endpoint: Endpoint, settings: Sequence[str]) -> Endpoint:
    """An endpoint with fields replaced, by texts such as ``retrying.timeout_s=30``. Raises InvalidInput."""
    if not settings:
        return endpoint
    fields = endpoint_fields(endpoint)
    for text in settings:
        path, mark, value = text.partition("=")
        if not mark or not path.strip():
            raise InvalidInput(f"--set {text!r} is no FIELD=VALUE, such as retrying.timeout_s=30.")
        _set(fields, path.strip().split("."), _value(value))
    return read_endpoint(fields, f"The endpoint {endpoint.name!r}")


def _set(fields: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        inner = fields.get(name)
        fields[name] = inner = inner if isinstance(inner, dict) else {}
        fields = inner
    fields[last] = value


def _value(text: str) -> Any:
    """A value as YAML means it: a number, true, null, [a, b], {a: 1}; else text."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def put_all(endpoints: Sequence[Endpoint], *, existing: bool) -> list[Endpoint]:
    """Create endpoints that are not there yet, or replace those that are; none of them if one does not fit."""
    from quire.cli.lookup import open_existing_store
    from quire.store.current import current_store

    store = serving_of(open_existing_store() if existing else current_store())
    if existing:
        revisions = {one.name: store.get_endpoint(one.name).revision for one in endpoints}
    else:
        revisions = {one.name: 0 for one in endpoints}
        _refuse_existing(store, endpoints)
    return [store.put_endpoint(one, expected=revisions[one.name]) for one in endpoints]


def _refuse_existing(store: ServingStore, endpoints: Sequence[Endpoint]) -> None:
    there = {endpoint.name for endpoint in store.list_endpoints()}
    twice = [endpoint.name for endpoint in endpoints if endpoint.name in there]
    if twice:
        raise AlreadyExists(
            f"The endpoint {', '.join(map(repr, twice))} exists already. `quire endpoints update` changes it."
        )


def changed(name: str, settings: Sequence[str], revision: int | None) -> Endpoint:
    """An endpoint after fields of it were changed in the store. Raises NotFound, InvalidInput or InvalidState."""
    from quire.cli.lookup import open_existing_store

    store = serving_of(open_existing_store())
    found = store.get_endpoint(name)
    made = with_settings(found, settings)
    if made.name != name:
        raise InvalidInput(f"An endpoint keeps its name; create {made.name!r}, and delete {name!r}.")
    return store.put_endpoint(made, expected=found.revision if revision is None else revision)
