"""What people read, and Quire's own API: the start page, ``/api/quire/v1``, its OpenAPI document and page.

A Litestar application behind the calls of MLflow's protocol. Typed handlers of Quire's own API belong into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, cast

import msgspec
from litestar import Litestar, Response, get
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from quire._version import __version__
from quire.domain.errors import QuireError
from quire.server.calls import AnyCall
from quire.server.context import Context
from quire.server.errors import HttpError, error_reply, not_allowed, not_found
from quire.server.http import Application, Scope
from quire.server.openapi import Schema, make_document
from quire.server.routes.info import SPOKEN_VERSION

API = "/api/quire/v1"


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What Quire's own API says of itself."""

    name: str
    version: str
    mlflow_version: str
    openapi: str
    docs: str


def make_pages(
    context: Context, calls: Sequence[AnyCall], handlers: Sequence[ControllerRouterHandler] = ()
) -> Application:
    """The application of the pages and of Quire's own API."""
    prefix = context.settings.static_prefix
    document = make_document([call for call in calls if call.offered(context)])
    encoded = msgspec.json.encode(document)
    page = docs_page(document)

    @get(API, sync_to_thread=False)
    def root() -> Root:
        return Root(
            name="quire",
            version=__version__,
            mlflow_version=SPOKEN_VERSION,
            openapi=f"{prefix}{API}/openapi.json",
            docs=f"{prefix}{API}/docs",
        )

    @get(f"{API}/openapi.json", sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(encoded, media_type="application/json")

    @get(f"{API}/docs", sync_to_thread=False)
    def docs() -> Response[str]:
        return Response(page, media_type="text/html; charset=utf-8")

    @get("/", sync_to_thread=False)
    def start() -> Response[str]:
        return Response(start_page(prefix), media_type="text/html; charset=utf-8")

    application = Litestar(
        [root, openapi, docs, start, *handlers],
        path=prefix or None,
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: _failed},
    )
    return cast(Application, application)


def _failed(request: Any, error: Exception) -> Response[bytes]:
    if isinstance(error, HTTPException):
        error = _explained(request.scope, error)
    reply = error_reply(error)
    headers = {name.decode(): value.decode() for name, value in reply.headers if name != b"content-type"}
    return Response(reply.body, status_code=reply.status, media_type="application/json", headers=headers)


def _explained(scope: Scope, error: HTTPException) -> QuireError:
    if error.status_code == 404:
        return not_found(scope["path"])
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET").split(",")
        return not_allowed(scope["method"], scope["path"], [method.strip() for method in allowed])
    return HttpError(error.status_code, "BAD_REQUEST", error.detail)


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f5f7;padding:.75rem;overflow:auto}"
    "summary{cursor:pointer;padding:.25rem 0}b{display:inline-block;min-width:4.5rem}h2{margin-top:2rem}"
    "@media(prefers-color-scheme:dark){body{background:#14171c;color:#e4e7ec}pre{background:#1f242c}a{color:#8ab4ff}}"
)


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )


def start_page(prefix: str) -> str:
    """The page at the root."""
    return _html(
        "Quire",
        f"<h1>Quire {escape(__version__)}</h1><p>A tracking and registry server that speaks MLflow's protocol "
        f"({SPOKEN_VERSION}).</p><p>Point a client here: <code>export MLFLOW_TRACKING_URI=http://HOST:PORT</code>.</p>"
        f'<p><a href="{escape(prefix)}{API}/docs">All calls</a> · '
        f'<a href="{escape(prefix)}{API}/openapi.json">OpenAPI document</a> · '
        f'<a href="{escape(prefix)}/metrics">Metrics</a></p>',
    )


def docs_page(document: Schema) -> str:
    """The OpenAPI document as a page, without scripts."""
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method, path, operation, document))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(items)}" for tag, items in groups.items())
    description = escape(document["info"]["description"])
    return _html("Quire: the calls", f"<h1>The calls of Quire {escape(__version__)}</h1><p>{description}</p>{sections}")


def _operation(method: str, path: str, operation: Schema, document: Schema) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p>"]
    if operation["parameters"]:
        names = [f"{item['name']}{'' if item['required'] else '?'} ({item['in']})" for item in operation["parameters"]]
        parts.append(f"<p>Parameters: <code>{escape(', '.join(names))}</code></p>")
    for title, content in (("Request", operation.get("requestBody")), ("Answer", operation["responses"].get("200"))):
        schema = ((content or {}).get("content") or {}).get("application/json", {}).get("schema")
        if schema:
            parts.append(f"<p>{title}</p><pre>{escape(_shown(schema, document))}</pre>")
    title = f"<b>{method.upper()}</b><code>{escape(path)}</code> {escape(operation['summary'])}"
    return f"<details><summary>{title}</summary>{''.join(parts)}</details>"


def _shown(schema: Schema, document: Schema) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"].get(name, schema)
    return msgspec.json.format(msgspec.json.encode(found.get("properties", found)), indent=2).decode()
