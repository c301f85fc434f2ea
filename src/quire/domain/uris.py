"""The URIs that name models, runs and stores."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.ids import is_model_id, is_run_id

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
MODEL_URI_FORMS = (
    "models:/NAME/VERSION, models:/NAME@ALIAS, models:/NAME/latest, models:/m-MODEL_ID, "
    "runs:/RUN_ID/PATH, a local path, or an object-store URI (s3://, gs://, az://)"
)


class RegisteredModelUri(msgspec.Struct, frozen=True):
    """``models:/name/3``, ``models:/name@alias``, ``models:/name/latest`` or ``models:/name/Stage``."""

    name: str
    version: str | None = None
    alias: str | None = None
    stage: str | None = None
    latest: bool = False


class LoggedModelUri(msgspec.Struct, frozen=True):
    """``models:/m-…``."""

    model_id: str


class RunUri(msgspec.Struct, frozen=True):
    """``runs:/RUN_ID/path/of/artifact``; ``path`` is empty for the root."""

    run_id: str
    path: str


class LocationUri(msgspec.Struct, frozen=True):
    """A place that holds files: a local path or an object-store URI."""

    uri: str


ModelUri = RegisteredModelUri | LoggedModelUri | RunUri | LocationUri
StoreKind = Literal["sqlite", "postgresql", "http", "file"]


def parse_model_uri(uri: str) -> ModelUri:
    """What a model URI names. Raises InvalidInput, listing the accepted forms."""
    if uri.startswith("models:/"):
        return _parse_models(uri)
    if uri.startswith("runs:/"):
        run_id, _, path = uri.removeprefix("runs:").lstrip("/").partition("/")
        if not is_run_id(run_id):
            raise InvalidInput(f"{uri!r} does not name a run: expected runs:/ and 32 hexadecimal digits.")
        return RunUri(run_id, path)
    if not uri or (_SCHEME.match(uri) and uri.split(":", 1)[0] in {"models", "runs"}):
        raise InvalidInput(f"{uri!r} is not a model URI. Expected {MODEL_URI_FORMS}.")
    return LocationUri(uri)


def _parse_models(uri: str) -> ModelUri:
    rest = uri.removeprefix("models:").lstrip("/")
    if is_model_id(rest):
        return LoggedModelUri(rest)
    if "@" in rest and "/" not in rest:
        name, _, alias = rest.rpartition("@")
        if name and alias:
            return RegisteredModelUri(unquote(name), alias=alias)
    name, _, which = rest.rpartition("/")
    if name and which and "/" not in name:
        name = unquote(name)
        if which.isdecimal():
            return RegisteredModelUri(name, version=str(int(which)))
        if which.lower() == "latest":
            return RegisteredModelUri(name, latest=True)
        return RegisteredModelUri(name, stage=which)
    raise InvalidInput(f"{uri!r} is not a model URI. Expected {MODEL_URI_FORMS}.")


def store_kind(uri: str) -> StoreKind:
    """Which kind of store a tracking URI names. Raises InvalidInput for a scheme that none serves."""
    scheme = urlsplit(uri).scheme.split("+")[0]
    match scheme:
        case "sqlite":
            return "sqlite"
        case "postgresql" | "postgres":
            return "postgresql"
        case "http" | "https":
            return "http"
        case "file" | "":
            return "file"
    raise InvalidInput(
        f"Tracking URI {uri!r} has the scheme {scheme!r}, which no store serves. Expected sqlite:///file.db, "
        "postgresql://host/database, or http(s)://server."
    )


def is_local(uri: str) -> bool:
    """Whether a location is a path on this machine (``file:`` URIs included)."""
    return urlsplit(uri).scheme in {"", "file"} or re.match(r"[A-Za-z]:[\\/]", uri) is not None


def join_uri(root: str, *parts: str) -> str:
    """``root`` with relative parts appended by single slashes; a query string of ``root`` is kept."""
    base, mark, query = root.partition("?")
    joined = "/".join([base.rstrip("/") if base != "/" else "", *(part.strip("/") for part in parts if part)])
    return f"{joined}{mark}{query}"
