"""Which handler answers a path: OpenAI's under ``/v1``, Azure's under ``/openai``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec

from quire.simulator import (
    batches,
    chat,
    chat_stored,
    completions,
    embeddings,
    files,
    fine_tuning,
    models,
    moderations,
    responses,
    responses_stored,
)
from quire.simulator.errors import ApiError
from quire.simulator.http import Reply, Request, Stream
from quire.simulator.simulation import Simulation

Handler = Callable[[Simulation, Request], Reply | Stream]


class Route(msgspec.Struct, frozen=True):
    """A handler and how it was reached. ``generates`` marks what models answer: limits, faults, latency apply."""

    path: str
    handler: Handler
    generates: bool
    parameters: dict[str, str]
    deployment: str | None = None
    needs_version: bool = False


GENERATING: dict[str, Handler] = {
    "/chat/completions": chat.create,
    "/completions": completions.create,
    "/embeddings": embeddings.create,
    "/moderations": moderations.create,
    "/responses": responses.create,
}
STORED: list[tuple[str, str, Handler]] = [
    ("GET", "/chat/completions", chat_stored.list_all),
    ("GET", "/chat/completions/{completion_id}", chat_stored.retrieve),
    ("POST", "/chat/completions/{completion_id}", chat_stored.update),
    ("DELETE", "/chat/completions/{completion_id}", chat_stored.delete),
    ("POST", "/responses/input_tokens", responses_stored.count_tokens),
    ("GET", "/responses/{response_id}", responses_stored.retrieve),
    ("DELETE", "/responses/{response_id}", responses_stored.delete),
    ("POST", "/responses/{response_id}/cancel", responses_stored.cancel),
    ("GET", "/responses/{response_id}/input_items", responses_stored.input_items),
    ("GET", "/models", models.list_all),
    ("GET", "/models/{model}", models.retrieve),
    ("DELETE", "/models/{model}", models.delete),
    ("POST", "/files", files.upload),
    ("GET", "/files", files.list_all),
    ("GET", "/files/{file_id}", files.retrieve),
    ("DELETE", "/files/{file_id}", files.delete),
    ("GET", "/files/{file_id}/content", files.content),
    ("POST", "/batches", batches.create),
    ("GET", "/batches", batches.list_all),
    ("GET", "/batches/{batch_id}", batches.retrieve),
    ("POST", "/batches/{batch_id}/cancel", batches.cancel),
    ("POST", "/fine_tuning/jobs", fine_tuning.create),
    ("GET", "/fine_tuning/jobs", fine_tuning.list_all),
    ("GET", "/fine_tuning/jobs/{job_id}", fine_tuning.retrieve),
    ("GET", "/fine_tuning/jobs/{job_id}/events", fine_tuning.events),
    ("GET", "/fine_tuning/jobs/{job_id}/checkpoints", fine_tuning.checkpoints),
    ("POST", "/fine_tuning/jobs/{job_id}/cancel", fine_tuning.cancel),
]
_PATTERNS = [
    (method, re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$"), handler)
    for method, path, handler in STORED
]


def find_route(method: str, path: str, query: bytes) -> Route:
    """The route of a request. Raises ApiError (404, 405) in the words of the service whose path was used."""
    route = _resolve(method, path)
    if route.needs_version and not _has_version(query):
        raise _azure_not_found()
    return route


@functools.lru_cache(maxsize=2048)
def _resolve(method: str, path: str) -> Route:
    if path.startswith("/openai/v1/"):
        return _match(method, path.removeprefix("/openai/v1"), path, azure=True)
    if path.startswith("/openai/deployments/"):
        deployment, _, rest = path.removeprefix("/openai/deployments/").partition("/")
        route = _match(method, "/" + rest, path, azure=True)
        return msgspec.structs.replace(route, deployment=deployment, needs_version=True)
    if path.startswith("/openai/"):
        route = _match(method, path.removeprefix("/openai"), path, azure=True)
        return msgspec.structs.replace(route, needs_version=True)
    if path.startswith("/v1/"):
        return _match(method, path.removeprefix("/v1"), path, azure=False)
    raise ApiError(404, f"Invalid URL ({method} {path}). The paths of this API begin with /v1 or, on Azure, /openai.")


def _match(method: str, path: str, whole: str, *, azure: bool) -> Route:
    handler = GENERATING.get(path)
    if handler is not None and method == "POST":
        return Route(path, handler, True, {})
    matches = [(m, p.match(path), h) for m, p, h in _PATTERNS]
    found = [(m, match, h) for m, match, h in matches if match]
    for allowed, match, stored in found:
        if allowed == method:
            return Route(path, stored, False, match.groupdict())
    if found or handler is not None:
        raise ApiError(405, f"Not allowed to {method} on {whole}.", code="method_not_supported")
    raise _azure_not_found() if azure else ApiError(404, f"Invalid URL ({method} {whole})")


def _has_version(query: bytes) -> bool:
    return any(name == "api-version" and value for name, value in parse_qsl(query.decode("latin-1")))


def _azure_not_found() -> ApiError:
    message = "Resource not found. Check the path, the deployment and the query parameter 'api-version'."
    return ApiError(404, message, code="404")
