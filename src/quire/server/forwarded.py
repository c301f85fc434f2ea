"""The address of a client that a reverse proxy speaks for (``X-Forwarded-For``), where the proxy is trusted.

Each proxy adds the address that it was called from at the end of the header, so what was written by a proxy that is
not trusted, or by the client itself, stands on the left of the last address that is not a trusted proxy's.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from quire.domain.errors import InvalidInput
from quire.server.http import Application, Receive, Scope, Send

_HEADER = b"x-forwarded-for"
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Forwarded:
    """Puts the client's own address into the scope of a request that came through trusted proxies."""

    def __init__(self, inner: Application, trusted: Iterable[str]) -> None:
        self._inner = inner
        self._trusted = [_network(text) for text in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client = scope.get("client")
        if client:
            given = b",".join(value for name, value in scope["headers"] if name == _HEADER).decode("latin-1")
            scope["client"] = (self._origin(client[0], given), client[1])
        await self._inner(scope, receive, send)

    def _origin(self, peer: str, given: str) -> str:
        found = peer
        for text in reversed(given.split(",")):
            address = _address(found)
            if address is None or not self._trusts(address) or _address(text) is None:
                break
            found = str(_address(text))
        return found

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise InvalidInput(
            f"--trusted-proxies names {text[:100]!r}; expected addresses or networks, such as 10.0.0.7 or 10.0.0.0/8."
        ) from None


def _address(text: str) -> Address | None:
    """An address, with or without a port; None if it is none."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
