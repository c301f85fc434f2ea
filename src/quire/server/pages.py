"""What people read, and what Quire's own API says of itself: the start page, ``/api/quire/v1``, its document and page.

They stand behind the calls, and answer 404 for any path that is none of theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from html import escape

import msgspec

from quire._version import __version__
from quire.server.calls import AnyCall
from quire.server.context import Context
from quire.server.errors import not_allowed, not_found
from quire.server.http import Receive, Reply, Scope, Send, send_reply
from quire.server.openapi import Schema, make_document
from quire.server.routes.info import SPOKEN_VERSION

API = "/api/quire/v1"
_HTML = (b"content-type", b"text/html; charset=utf-8")
_METHODS = ("GET", "HEAD")


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What Quire's own API says of itself."""

    name: str
    version: str
    mlflow_version: str
    openapi: str
    docs: str


class Pages:
    """The pages as an ASGI application.

    What they show of the calls is made when it is first asked for, in a thread: it takes longer than all else that is
    done when a server starts, and few who use one read it.
    """

    def __init__(self, context: Context, calls: Sequence[AnyCall]) -> None:
        self._context = context
        self._calls = calls
        prefix = self._prefix = context.settings.static_prefix
        self._pages: dict[str, Callable[[], Reply]] = {
            prefix: self._start,
            f"{prefix}{API}": self._root,
            f"{prefix}{API}/openapi.json": self._openapi,
            f"{prefix}{API}/docs": self._docs,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises HttpError for a path or a method that is not served."""
        page = self._pages.get(scope["path"].rstrip("/"))
        if page is None:
            raise not_found(scope["path"])
        if scope["method"] not in _METHODS:
            raise not_allowed(scope["method"], scope["path"], list(_METHODS))
        await send_reply(send, await asyncio.to_thread(page))

    def _start(self) -> Reply:
        return Reply(start_page(self._prefix).encode(), headers=[_HTML])

    def _root(self) -> Reply:
        root = Root(
            name="quire",
            version=__version__,
            mlflow_version=SPOKEN_VERSION,
            openapi=f"{self._prefix}{API}/openapi.json",
            docs=f"{self._prefix}{API}/docs",
        )
        return Reply(msgspec.json.encode(root))

    def _openapi(self) -> Reply:
        return Reply(msgspec.json.encode(self._document))

    def _docs(self) -> Reply:
        return Reply(docs_page(self._document).encode(), headers=[_HTML])

    @cached_property
    def _document(self) -> Schema:
        return make_document([call for call in self._calls if call.offered(self._context)])


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
