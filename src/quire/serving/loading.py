"""From a model URI to an arm that answers: resolved each time, read and compiled once.

Where a URI leads (an alias, a stage, ``latest``) is asked anew; what a version holds never changes and is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput
from quire.domain.prompt_uris import SCHEME
from quire.domain.uris import RegisteredModelUri, parse_model_uri
from quire.models.folder import open_model
from quire.models.read import LoadedPackage, load_package
from quire.serving.live import LiveArm
from quire.serving.request import Given
from quire.store.base import Store
from quire.store.resolve import ResolvedModel, find_version, resolve

_KEPT = 4096
"""Of each kind: more than one server has endpoints, or each look would read them all again."""


class Loader:
    """Resolves and reads models of one workspace. Used by one thread at a time."""

    def __init__(self, store: Store, registry: Store) -> None:
        self._store = store
        self._registry = registry
        self._resolved: OrderedDict[str, ResolvedModel] = OrderedDict()
        self._packages: OrderedDict[str, LoadedPackage] = OrderedDict()
        self._arms: OrderedDict[tuple[object, ...], LiveArm] = OrderedDict()

    def arm(self, endpoint: Endpoint, uri: str, name: str) -> LiveArm:
        """The arm of an endpoint that a model URI names; the same object while nothing about it changes.

        Raises InvalidInput, NotFound, MalformedModel and what the store and the place of the files raise.
        """
        resolved = self._resolve(uri)
        key = (endpoint.name, tuple(endpoint.passes), uri, name, resolved.location, resolved.version, resolved.model_id)
        known = self._arms.get(key)
        return known or _kept(self._arms, key, self._make(endpoint, uri, name, resolved))

    def _make(self, endpoint: Endpoint, uri: str, name: str, resolved: ResolvedModel) -> LiveArm:
        loaded = self._packages.get(resolved.location) or _kept(
            self._packages, resolved.location, load_package(open_model(resolved.location))
        )
        prompt_name, prompt_version = _prompt_of(loaded)
        given = Given(
            arm=name,
            model_uri=uri,
            name=resolved.name or "",
            version=resolved.version or "",
            model_id=resolved.model_id or loaded.model.model_id,
            prompt_name=prompt_name,
            prompt_version=prompt_version,
        )
        return LiveArm(given, loaded.package, endpoint)

    def _resolve(self, uri: str) -> ResolvedModel:
        if uri.startswith(SCHEME):
            raise InvalidInput(f"{uri!r} is a prompt. An endpoint serves models: package the prompt and name that.")
        parsed = parse_model_uri(uri)
        if isinstance(parsed, RegisteredModelUri):
            parsed = msgspec.structs.replace(
                parsed, version=find_version(self._registry, parsed).version, alias=None, stage=None, latest=False
            )
            pinned = f"models:/{parsed.name}/{parsed.version}"
        else:
            pinned = uri
        known = self._resolved.get(pinned)
        return known or _kept(self._resolved, pinned, resolve(self._store, self._registry, parsed))


def version_uri(endpoint: Endpoint, version: str) -> str:
    """The URI of another version of the model that an endpoint serves. Raises InvalidInput if it has no versions."""
    parsed = parse_model_uri(endpoint.model)
    if not isinstance(parsed, RegisteredModelUri):
        raise InvalidInput(
            f"The endpoint {endpoint.name!r} serves {endpoint.model!r}, which is no registered model and has no "
            "versions. Leave prompt.version out."
        )
    if not version or any(mark in version for mark in "/@%"):
        raise InvalidInput(f"The version {version[:80]!r} is neither a number such as '3' nor an alias.")
    name = endpoint.model.removeprefix("models:").lstrip("/")
    stem = name.rpartition("@")[0] if parsed.alias is not None else name.rpartition("/")[0]
    latest = version.lower() == "latest"
    return f"models:/{stem}/{version.lower()}" if latest or version.isdecimal() else f"models:/{stem}@{version}"


def _prompt_of(loaded: LoadedPackage) -> tuple[str, str]:
    """Name and version of the registered prompt that a model was made of."""
    for uri in loaded.model.prompts or ():
        name, slash, version = uri.removeprefix(SCHEME).rpartition("/")
        if slash:
            return name, version
    return "", ""


def _kept(cache: OrderedDict[Any, Any], key: Any, value: Any) -> Any:
    cache[key] = value
    if len(cache) > _KEPT:
        cache.popitem(last=False)
    return value
