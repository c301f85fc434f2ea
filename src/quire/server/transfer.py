"""Files on their way through the server: sent whole or in part, received as they come, never whole in memory."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator
from email.utils import formatdate
from functools import partial
from mimetypes import guess_type
from urllib.parse import quote

from quire.artifacts.base import ArtifactStore
from quire.artifacts.streams import BLOCK, Content, content, receiver
from quire.server.context import Context
from quire.server.errors import HttpError
from quire.server.http import Headers, Request, Send

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# What a browser would run or render as a page is sent as plain bytes.
_TEXT_SUFFIXES = {
    ".txt", ".log", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".md", ".rst", ".py", ".r", ".sh", ".sql",
    ".toml", ".ini", ".cfg", ".conf", ".xml", ".html", ".htm", ".js", ".css", ".ipynb",
}  # fmt: skip
_TEXT_NAMES = {"mlmodel", "mlproject"}
_OCTETS = "application/octet-stream"


async def send_file(context: Context, request: Request, send: Send, store: ArtifactStore, path: str) -> None:
    """Send the file at ``path`` of a store: all of it, or the range that is asked for."""
    found = await context.run_files(lambda: content(store, path))
    start, stop = _wanted(request, found)
    whole = (start, stop) == (0, found.size)
    headers = [*_headers(path, found), (b"content-length", b"%d" % (stop - start))]
    if not whole:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, found.size)))
    if whole and _etag(found) in request.header(b"if-none-match"):
        await _start(send, 304, [item for item in headers if item[0] != b"content-length"])
        await send({"type": "http.response.body", "body": b""})
        return
    blocks = found.read(start, stop)
    first = b"" if request.method == "HEAD" else await context.run_files(lambda: next(blocks, b""))
    await _start(send, 200 if whole else 206, headers)
    await _send_blocks(context, send, first, blocks)


async def _start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_blocks(context: Context, send: Send, block: bytes, blocks: Iterator[bytes]) -> None:
    try:
        while block:
            await send({"type": "http.response.body", "body": block, "more_body": True})
            block = await context.run_files(lambda: next(blocks, b""))
        await send({"type": "http.response.body", "body": b""})
    finally:
        if isinstance(blocks, Generator):
            await context.run_files(blocks.close)


def _headers(path: str, found: Content) -> Headers:
    return [
        (b"content-type", media_type(path).encode()),
        (b"content-disposition", disposition(path.rpartition("/")[2]).encode()),
        (b"accept-ranges", b"bytes"),
        (b"etag", _etag(found).encode()),
        (b"last-modified", formatdate(found.modified, usegmt=True).encode()),
        (b"cache-control", b"no-cache"),
    ]


def _etag(found: Content) -> str:
    return f'"{found.etag}"'


def media_type(path: str) -> str:
    """The media type of a file, by its name; text of any kind is plain text, so that no browser runs it."""
    name = path.rpartition("/")[2].lower()
    if name in _TEXT_NAMES or any(name.endswith(suffix) for suffix in _TEXT_SUFFIXES):
        return "text/plain"
    guessed = guess_type(name)[0] or _OCTETS
    return "text/plain" if guessed.startswith("text/") else guessed


def disposition(name: str) -> str:
    """A Content-Disposition that has a browser save the file under its name (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'[\x00-\x1f\x7f"\\]', "_", plain) or "download"
    if plain == name:
        return f"attachment; filename={name}" if re.fullmatch(r"[\w.\-]+", name) else f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _wanted(request: Request, found: Content) -> tuple[int, int]:
    """The first byte wanted and the one after the last. Raises HttpError 416 for a range the file does not have."""
    header = request.header(b"range")
    condition = request.header(b"if-range")
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or (condition and condition != _etag(found)):
        return 0, found.size
    first, last = match.groups()
    if first:
        start = int(first)
        stop = min(int(last) + 1, found.size) if last else found.size
    elif last:
        start, stop = max(found.size - int(last), 0), found.size
    else:
        return 0, found.size
    if start >= stop:
        raise HttpError(
            416,
            "INVALID_PARAMETER_VALUE",
            f"The range {header[:100]!r} lies outside of the file, which has {found.size:,} bytes.",
            [(b"content-range", b"bytes */%d" % found.size)],
        )
    return start, stop


async def receive_file(context: Context, request: Request, store: ArtifactStore, path: str) -> None:
    """Write what the request brings to ``path`` of a store; nothing is kept if it breaks off."""
    file = await context.run_files(lambda: receiver(store, path))
    waiting = bytearray()
    try:
        async for part in request.chunks():
            waiting += part
            if len(waiting) >= BLOCK:
                await context.run_files(partial(file.write, bytes(waiting)))
                waiting.clear()
        if waiting:
            await context.run_files(partial(file.write, bytes(waiting)))
        await context.run_files(file.done)
    finally:
        await context.run_files(file.abandon)
