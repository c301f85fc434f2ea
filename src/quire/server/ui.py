"""The web interface: the files that ``make ui`` or the wheel's build put beside this module, read once and sent whole.

Every page of the interface is the same document; the script in it shows what the address names. The document's
``<base>`` is set to where this server is, so that one build works under any prefix.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from html import escape
from pathlib import Path

import msgspec

from quire.server.http import Application, Headers, Receive, Reply, Scope, Send, header, send_reply

FOLDER = Path(__file__).parent / "ui_files"
PAGES = frozenset(
    (
        "",
        "compare",
        "endpoints",
        "evaluations",
        "experiments",
        "models",
        "playground",
        "prompts",
        "review",
        "runs",
        "settings",
        "sign-in",
        "traces",
        "trials",
    )
)
"""The first parts of the interface's addresses."""
_DOCUMENT = "index.html"
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
)
_FOR_EVER = b"public, max-age=31536000, immutable"
_PACKED = ("text/", "application/javascript", "application/json", "image/svg+xml")


def is_built() -> bool:
    """Whether the interface is in this installation."""
    return (FOLDER / _DOCUMENT).exists()


class _File(msgspec.Struct, frozen=True):
    """A file as it is sent."""

    plain: bytes
    packed: bytes | None
    headers: Headers
    tag: bytes


class Interface:
    """The interface's files as an ASGI application, before ``otherwise``, which answers all else.

    Without files, because the interface was not built, everything goes to ``otherwise``.
    """

    def __init__(self, otherwise: Application, prefix: str = "", folder: Path = FOLDER) -> None:
        self._otherwise = otherwise
        self._prefix = prefix
        self._folder = folder
        self._names = _names(folder)
        self._read = cache(self._load)

    @property
    def is_built(self) -> bool:
        """Whether there is an interface to show."""
        return _DOCUMENT in self._names

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for a page or a file of the interface. None of them tells anything of the store."""
        return self._named(scope) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        name = self._named(scope)
        if name is None:
            await self._otherwise(scope, receive, send)
        else:
            await send_reply(send, _answer(scope, self._read(name)))

    def _named(self, scope: Scope) -> str | None:
        path: str = scope["path"]
        if not self.is_built or scope["method"] not in ("GET", "HEAD") or not path.startswith(self._prefix):
            return None
        asked = path[len(self._prefix) :].strip("/")
        if asked in self._names:
            return asked
        return _DOCUMENT if asked.partition("/")[0] in PAGES else None

    def _load(self, name: str) -> _File:
        content = (self._folder / name).read_bytes()
        if name == _DOCUMENT:
            content = content.replace(b'<base href="/" />', f'<base href="{escape(self._prefix)}/" />'.encode())
        kind = _kind(name)
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'.encode()
        headers = [
            (b"content-type", kind.encode()),
            (b"cache-control", _FOR_EVER if name.startswith("assets/") else b"no-cache"),
            (b"etag", tag),
            (b"vary", b"Accept-Encoding"),
        ]
        if name == _DOCUMENT:
            headers.append((b"content-security-policy", _POLICY))
        packed = gzip.compress(content, 9, mtime=0) if kind.startswith(_PACKED) else None
        return _File(content, packed, headers, tag)


def _names(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        return frozenset()
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _kind(name: str) -> str:
    kind = "application/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _answer(scope: Scope, file: _File) -> Reply:
    if header(scope, b"if-none-match") == file.tag.decode():
        return Reply(b"", 304, list(file.headers))
    if file.packed is not None and "gzip" in header(scope, b"accept-encoding"):
        return Reply(file.packed, 200, [*file.headers, (b"content-encoding", b"gzip")])
    return Reply(file.plain, 200, list(file.headers))
