"""Registering a model: taking a name, adding a version."""

from __future__ import annotations

from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.registry import ModelVersion
from quire.domain.uris import RegisteredModelUri, RunUri, parse_model_uri
from quire.registry.resolve import resolve_model_uri
from quire.tracking.client import Client
from quire.tracking.client.registry import ensure_registered


def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int = 300,
    *,
    tags: dict[str, Any] | None = None,
    env_pack: object = None,
) -> ModelVersion:
    """Add a version of the registered model ``name``, whose files are those of ``model_uri``.

    The name is taken if it is free. ``await_registration_for`` and ``env_pack`` have no effect: a version is ready when
    this returns. NotFound if the URI names nothing; a version can only be copied, by :meth:`Client.copy_model_version`.
    """
    parsed = parse_model_uri(model_uri)
    if isinstance(parsed, RegisteredModelUri):
        raise InvalidInput(
            f"{model_uri!r} is registered already. quire.Client().copy_model_version({model_uri!r}, {name!r}) adds it "
            "under another name."
        )
    found = resolve_model_uri(model_uri)
    client = Client()
    ensure_registered(client, name)
    run_id = parsed.run_id if isinstance(parsed, RunUri) else found.run_id
    return client.create_model_version(name, model_uri, run_id=run_id, tags=tags, model_id=found.model_id)


def set_model_version_tag(
    name: str, version: str | int | None = None, key: str | None = None, value: Any = None
) -> None:
    """Set or replace a tag of a registered version."""
    Client().set_model_version_tag(name, version, key, value)
