"""Who may reach a server that asks nobody who they are: programs of this machine, and no page of another site.

A browser runs pages of strangers on the same machine. Their requests name the page's origin, or, where the page's own
name was made to lead here (DNS rebinding), a host that is not this machine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from quire.server.headers import LOOPBACK
from quire.server.http import Scope
from quire.serving.errors import Refused

_MOST_KNOWN = 64


class LocalOnly:
    """Says why a request is refused; None for one that is served. ``hosts`` are names besides this machine's own."""

    def __init__(self, host: str, hosts: Sequence[str] = ()) -> None:
        self._hosts = tuple(name.lower() for name in (*LOOPBACK, host, *hosts))
        self._known: set[bytes] = set()

    def __call__(self, scope: Scope) -> Refused | None:
        """Look at the Host and the Origin."""
        for name, value in scope["headers"]:
            if name == b"host":
                if value not in self._known and not self._serves(value):
                    return _refused("Host", value, "Start the server with --allowed-hosts if that is its name, or with")
            elif name == b"origin" and not self._is_here(value):
                return _refused("Origin", value, "Pages of other sites may not ask a server without auth; use")
        return None

    def _serves(self, host: bytes) -> bool:
        if not self._allows(host.decode("latin-1").lower()):
            return False
        if len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return True

    def _is_here(self, origin: bytes) -> bool:
        return self._allows(urlsplit(origin.decode("latin-1").lower()).netloc)

    def _allows(self, name: str) -> bool:
        bare = name if name.endswith("]") else name.rpartition(":")[0] or name
        return any(each == allowed or fnmatchcase(each, allowed) for each in (name, bare) for allowed in self._hosts)


def _refused(header: str, value: bytes, remedy: str) -> Refused:
    shown = value[:100].decode("latin-1")
    return Refused(
        f"The {header} {shown!r} is not of this machine. {remedy} --auth, so that callers show tokens.",
        status=403,
        kind="permission_error",
        code="host_not_allowed" if header == "Host" else "origin_not_allowed",
    )
