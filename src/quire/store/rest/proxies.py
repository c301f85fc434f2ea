"""Which proxy stands before a server, as the environment (``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY``) says."""

from __future__ import annotations

import base64
import ipaddress
import urllib.request
from urllib.parse import unquote, urlsplit

import msgspec

from quire.domain.errors import InvalidInput
from quire.store.rest.settings import Address


class Proxy(msgspec.Struct, frozen=True):
    """A proxy, with the header that it asks for."""

    host: str
    port: int
    authorization: str | None = None


def proxy_for(address: Address) -> Proxy | None:
    """The proxy that calls to a server go through; None for this machine's own and where none is set."""
    if _is_loopback(address.host):
        return None
    proxies = urllib.request.getproxies()
    url = proxies.get(address.scheme) or proxies.get("all")
    if not url or urllib.request.proxy_bypass(address.host):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        port, parts = None, urlsplit("")
    if parts.scheme != "http" or not parts.hostname:
        raise InvalidInput(
            f"The proxy for {address.scheme} URLs in the environment is not of the form http://host:port. Set "
            f"{address.scheme.upper()}_PROXY, or name {address.host} in NO_PROXY."
        )
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    header = "Basic " + base64.b64encode(login.encode()).decode() if login else None
    return Proxy(parts.hostname, port or 80, header)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
