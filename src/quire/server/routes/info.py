"""What the server says of itself: ``/health``, ``/version``, ``server-info``, ``/metrics``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from quire.domain.uris import store_kind
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.direct import direct_bucket, uploads_in_parts
from quire.server.exposition import CONTENT_TYPE, Kind
from quire.server.http import Reply, Request, Send, send_reply, text_reply
from quire.store.opening import parse_sqlite
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.info import ServerInfo

SPOKEN_VERSION = "3.17.2"
"""The version of MLflow whose protocol is spoken; its clients read it to choose what they may use."""

calls = Calls("3.0", "mlflow", tag="Server")
_TEXT = {"responses": {"200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}}


@calls.stream("GET", "/health", openapi=_TEXT)
async def health(context: Context, request: Request, send: Send) -> None:
    """OK if the server answers."""
    await send_reply(send, text_reply("OK"))


@calls.stream("GET", "/version", openapi=_TEXT)
async def version(context: Context, request: Request, send: Send) -> None:
    """The version of MLflow whose protocol is spoken."""
    await send_reply(send, text_reply(SPOKEN_VERSION))


@calls.read("GET", "server-info")
def server_info(context: Context, request: Empty) -> ServerInfo:
    """What a client may use."""
    return ServerInfo(
        multipart_uploads_enabled=uploads_in_parts(context) is not None,
        multipart_downloads_enabled=direct_bucket(context) is not None,
        presigned_upload_run_id_supported=True,
        presigned_upload_model_id_supported=True,
    )


@calls.stream("GET", "/metrics", openapi=_TEXT)
async def metrics(context: Context, request: Request, send: Send) -> None:
    """Requests by call and status, their latency, and what the process uses, in Prometheus' text format."""
    text = context.meter.render(await context.run_read(partial(_store, context)))
    await send_reply(send, Reply(text.encode(), 200, [CONTENT_TYPE]))


def _store(context: Context) -> list[tuple[str, Kind, str, float]]:
    calls, transactions, waiting = context.work.counts
    found: list[tuple[str, Kind, str, float]] = [
        ("quire_store_writes_total", "counter", "Calls that the one writer did.", calls),
        ("quire_store_transactions_total", "counter", "Transactions that they shared.", transactions),
        ("quire_store_writes_waiting", "gauge", "Calls that wait for the writer.", waiting),
    ]
    place = _file(context)
    if place is not None:
        size = sum(path.stat().st_size for path in (place, place.with_name(f"{place.name}-wal")) if path.exists())
        found.append(("quire_store_bytes", "gauge", "Size of the database file and its log.", size))
    return found


def _file(context: Context) -> Path | None:
    uri = context.settings.backend_store_uri
    return parse_sqlite(uri).path if store_kind(uri) == "sqlite" else None
