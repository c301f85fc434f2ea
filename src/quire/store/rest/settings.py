"""How to speak to a tracking server: its address, and what the environment says of credentials, TLS and time.

Names are MLflow's; each variable ``MLFLOW_X`` has a twin ``QUIRE_X`` that wins.
"""

from __future__ import annotations

import base64
import os
from urllib.parse import quote, unquote, urlsplit

import msgspec

from quire.domain.errors import InvalidInput

DEFAULT_PORTS = {"http": 80, "https": 443}
CONNECT_TIMEOUT = 10.0
"""Seconds that a connection may take to open."""
_TRUE = {"1", "true", "yes", "on"}


class Address(msgspec.Struct, frozen=True):
    """Where a server is: ``prefix`` is the path before ``/api``, without a slash at its end."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials belong to: scheme, host and port."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The address as text, without credentials."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"

    @property
    def netloc(self) -> str:
        """Host and port as a ``Host`` header has them: the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Login(msgspec.Struct, frozen=True):
    """A user name and password written into a URI."""

    username: str
    password: str


class Security(msgspec.Struct, frozen=True):
    """How a TLS server is checked: not at all, or by a file of certificates; and what the client shows."""

    insecure: bool = False
    authorities: str | None = None
    certificate: str | None = None


def parse_address(uri: str) -> tuple[Address, Login | None]:
    """The server that an ``http(s)`` URI names, and the login in it. Raises InvalidInput."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise _bad_uri(uri, str(error)) from None
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise _bad_uri(uri, "it names no server")
    if parts.query or parts.fragment:
        raise _bad_uri(uri, "it holds a query or a fragment")
    prefix = quote(unquote(parts.path.rstrip("/")), safe="/~!$&'()*+,;=:@")
    address = Address(scheme, parts.hostname, port or DEFAULT_PORTS[scheme], prefix)
    login = Login(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return address, login


def authorization(login: Login | None) -> str | None:
    """The ``Authorization`` header: from the URI, else a user name and password, else a token of the environment.

    Read anew for each request, so that a token that was renewed is used. Raises InvalidInput for a token that no
    header can hold.
    """
    username, password = (login.username, login.password) if login else _environment_login()
    if username and password:
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    token = variable("TRACKING_TOKEN")
    if token and not (token.isascii() and token.isprintable()):
        raise InvalidInput(
            "The token in MLFLOW_TRACKING_TOKEN (or QUIRE_TRACKING_TOKEN) holds a line break or a character that "
            "is not ASCII. Set it again, without what surrounds it."
        )
    return f"Bearer {token}" if token else None


def workspace() -> str | None:
    """The workspace that calls go to, for servers that have several."""
    return variable("WORKSPACE")


def security() -> Security:
    """What the environment says of TLS. Raises InvalidInput if it contradicts itself."""
    insecure = (variable("TRACKING_INSECURE_TLS") or "").lower() in _TRUE
    authorities = variable("TRACKING_SERVER_CERT_PATH")
    if insecure and authorities:
        raise InvalidInput(
            "MLFLOW_TRACKING_INSECURE_TLS says not to check the server's certificate, and "
            "MLFLOW_TRACKING_SERVER_CERT_PATH names certificates to check it by. Unset one of them."
        )
    authorities = authorities or os.environ.get("REQUESTS_CA_BUNDLE") or None
    return Security(insecure, None if insecure else authorities, variable("TRACKING_CLIENT_CERT_PATH"))


def read_timeout() -> float:
    """Seconds that a server may be silent during a call: ``MLFLOW_HTTP_REQUEST_TIMEOUT``, 120 by default."""
    return seconds("HTTP_REQUEST_TIMEOUT", 120.0)


def seconds(name: str, default: float) -> float:
    """A number of seconds from the environment. Raises InvalidInput for anything else."""
    text = variable(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise InvalidInput(f"{name} is {text!r} in the environment; expected a number of seconds, such as {default:g}.")
    return value


def variable(name: str) -> str | None:
    """An environment variable by the part of its name that follows ``QUIRE_`` or ``MLFLOW_``."""
    return os.environ.get(f"QUIRE_{name}") or os.environ.get(f"MLFLOW_{name}") or None


def _environment_login() -> tuple[str | None, str | None]:
    return variable("TRACKING_USERNAME"), variable("TRACKING_PASSWORD")


def _bad_uri(uri: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{uri!r} is not the address of a tracking server: {why}. Expected http(s)://host:port, with a path if the "
        "server is behind one."
    )
