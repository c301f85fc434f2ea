"""What a server accepts from a client as a place: never one that would have it go where the client points.

The rules for sources of model versions are those of MLflow's server.
"""

from __future__ import annotations

import os
import re
from typing import get_args
from urllib.parse import SplitResult, unquote, urlsplit

from quire.artifacts.opening import local_root
from quire.domain.errors import InvalidInput
from quire.domain.registry import Stage
from quire.domain.uris import LocationUri, LoggedModelUri, RunUri, is_local, parse_model_uri
from quire.server.context import Context
from quire.server.proxy import SCHEME, proxied_path
from quire.store.rest.wire.model_versions import CreateModelVersion

_HOSTS = {"http", "https", "ftp", "ftps", "sftp", "file+http"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_STAGES: dict[str, Stage] = {stage.lower(): stage for stage in get_args(Stage)}
_SHOWN = 200


def checked_stage(stage: str) -> Stage:
    """A stage, written in any case. Raises InvalidInput."""
    found = _STAGES.get(stage.lower())
    if found is None:
        raise InvalidInput(
            f"Invalid Model Version stage: {stage[:_SHOWN]!r}. Value must be one of {', '.join(get_args(Stage))}."
        )
    return found


def check_location(uri: str, field: str = "artifact_location") -> None:
    """Refuse an artifact location that names a host to connect to, climbs, or holds control characters."""
    parts = _parts(uri, field)
    scheme = parts.scheme.lower()
    if scheme in _HOSTS or (scheme == SCHEME and parts.netloc):
        raise InvalidInput(
            f"{field!r} is {uri[:_SHOWN]!r}, which names a host that this server would connect to. Give the URI of a "
            "folder in an object store, or leave it out to keep files where the server keeps them."
        )
    if parts.fragment:
        raise InvalidInput(f"{field!r} is {uri[:_SHOWN]!r}; it cannot hold a fragment (#…).")
    if ".." in re.split(r"[/\\]", _decoded(parts.path)):
        raise InvalidInput(f"{field!r} is {uri[:_SHOWN]!r}; it cannot climb out of its folder with '..'.")
    if scheme == SCHEME:
        proxied_path(uri)


def _parts(uri: str, field: str) -> SplitResult:
    try:
        if _CONTROL.search(uri):
            raise ValueError("it holds a control character")
        return urlsplit(uri)
    except ValueError as error:
        raise InvalidInput(f"{field!r} is {uri[:_SHOWN]!r}, which is not a URI: {error}.") from None


def _decoded(path: str) -> str:
    for _ in range(8):
        previous, path = path, unquote(path)
        if path == previous:
            break
    return path


def check_source(context: Context, request: CreateModelVersion) -> None:
    """Refuse a source that is no place of the run or logged model that the version is said to come from."""
    source = request.source
    check_location(source, "source")
    if any(tag.key == _PROMPT_TAG for tag in request.tags):
        return
    if is_local(source) or urlsplit(source).scheme.lower() == SCHEME:
        if not any(_lies_in(source, root) for root in _roots(context, request)):
            raise _not_from(source, "a path needs the run_id or model_id whose artifacts hold it")
        return
    named = parse_model_uri(source)
    if isinstance(named, RunUri) and request.run_id and named.run_id != request.run_id:
        raise _not_from(source, f"run_id is {request.run_id!r}")
    if isinstance(named, LoggedModelUri) and request.model_id and named.model_id != request.model_id:
        raise _not_from(source, f"model_id is {request.model_id!r}")
    if isinstance(named, LocationUri) and not urlsplit(source).scheme:
        raise _not_from(source, "it names no place")


def _roots(context: Context, request: CreateModelVersion) -> list[str]:
    roots: list[str] = []
    if request.model_id:
        roots.append(context.store.get_logged_model(request.model_id).artifact_location)
    if request.run_id:
        roots.append(context.store.get_run(request.run_id).info.artifact_uri)
    return roots


def _lies_in(uri: str, root: str) -> bool:
    if is_local(uri) != is_local(root):
        return False
    if is_local(uri):
        place, top = (os.path.realpath(local_root(text)) for text in (uri, root))
        return place == top or place.startswith(top.rstrip(os.sep) + os.sep)
    if urlsplit(root).scheme.lower() != SCHEME:
        return False
    path, above = proxied_path(uri), proxied_path(root)
    return path == above or path.startswith(f"{above}/")


def _not_from(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"Invalid model version source: {source[:_SHOWN]!r}: {why}. Use models:/m-ID, runs:/RUN_ID/PATH, or the URI "
        "of an object store."
    )
