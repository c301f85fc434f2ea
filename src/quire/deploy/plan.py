"""What is deployed, as data: which endpoints, in which image, with which models inside, reading which variables."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from quire._version import __version__
from quire.domain.endpoint_checks import check_endpoint
from quire.domain.endpoints import Endpoint, Shadow
from quire.domain.errors import InvalidInput
from quire.domain.redaction import redact
from quire.domain.uris import LocationUri, is_local, parse_model_uri

PORT = 8080
USER = 10001
DRAIN_S = 30
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment before it is written.

    ``endpoints`` are as the server will read them: where models are ``baked``, their folders below ``models/``, which
    ``sources`` maps to the URIs that they are copied from. Otherwise they are pulled from the store when the server
    starts, and aliases are followed. ``drain_s`` is how long requests under way may take to end.
    """

    name: str
    image: str
    endpoints: list[Endpoint]
    sources: dict[str, str] = msgspec.field(default_factory=dict)
    baked: bool = True
    replicas: int = 2
    most_replicas: int = 10
    port: int = PORT
    drain_s: int = DRAIN_S
    quire_version: str = __version__

    @property
    def names(self) -> list[str]:
        """The names that are served."""
        return [endpoint.name for endpoint in self.endpoints]


def make_plan(
    endpoints: Sequence[Endpoint],
    *,
    name: str = "quire-serve",
    image: str | None = None,
    baked: bool | None = None,
    replicas: int = 2,
    most_replicas: int | None = None,
    port: int = PORT,
) -> Plan:
    """A plan for these endpoints, checked. Models are baked in where this machine alone has one, unless ``baked`` says.

    Raises InvalidInput: no endpoint or two of one name, a name that Kubernetes or a registry would refuse, a model that
    only this machine has and that is not to be baked in.
    """
    baked = any(map(_is_here, _all_models(endpoints))) if baked is None else baked
    _check_endpoints(endpoints, baked)
    _check_names(name, image)
    most = max(replicas, 10) if most_replicas is None else most_replicas
    if not 1 <= replicas <= most:
        raise InvalidInput(f"{replicas} to {most} replicas cannot be; expected at least 1, and no fewer at most.")
    if not 1024 <= port <= 65535:
        raise InvalidInput(f"The port is {port}; expected 1024 to 65535, which a user without rights may listen on.")
    placed, sources = _bake(endpoints) if baked else (list(endpoints), {})
    return Plan(
        name=name,
        image=image or f"{name}:{__version__}",
        endpoints=placed,
        sources=sources,
        baked=baked,
        replicas=replicas,
        most_replicas=most,
        port=port,
    )


def _check_endpoints(endpoints: Sequence[Endpoint], baked: bool) -> None:
    if not endpoints:
        raise InvalidInput("There is no endpoint to deploy; name one, such as joker=models:/joker@champion.")
    names = [check_endpoint(endpoint).name for endpoint in endpoints]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"Several endpoints are named {', '.join(map(repr, twice))}; give each a name of its own.")
    for endpoint in endpoints:
        for uri in () if baked else _models(endpoint):
            if _is_here(uri):
                raise InvalidInput(
                    f"The endpoint {endpoint.name!r} serves {uri!r}, which is on this machine alone. Bake the model "
                    "into the image, or register it and name it as models:/NAME@ALIAS."
                )


def _check_names(name: str, image: str | None) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"The deployment's name is {name!r}; expected 1 to 40 lowercase letters, digits and dashes, a letter first "
            "and no dash last, such as 'joker'."
        )
    if image is not None and (not _IMAGE.fullmatch(image) or redact(image) != image):
        raise InvalidInput(f"The image's name is {redact(image)!r}; expected one such as 'team/joker:1.0'.")


def _is_here(uri: str) -> bool:
    """Whether a model is a folder of this machine."""
    return isinstance(parse_model_uri(uri), LocationUri) and is_local(uri)


def _all_models(endpoints: Sequence[Endpoint]) -> list[str]:
    return [uri for endpoint in endpoints for uri in _models(endpoint)]


def _models(endpoint: Endpoint) -> list[str]:
    return [endpoint.model, *(shadow.model for shadow in endpoint.shadows)]


def _bake(endpoints: Sequence[Endpoint]) -> tuple[list[Endpoint], dict[str, str]]:
    """The endpoints with the folders that their models are copied to, and from where."""
    sources: dict[str, str] = {}
    placed = []
    for endpoint in endpoints:
        folder = f"models/{endpoint.name}"
        sources[folder] = endpoint.model
        shadows: list[Shadow] = []
        for shadow in endpoint.shadows:
            beside = f"{folder}.{shadow.name}"
            sources[beside] = shadow.model
            shadows.append(msgspec.structs.replace(shadow, model=beside))
        placed.append(msgspec.structs.replace(endpoint, model=folder, shadows=shadows))
    return placed, sources
