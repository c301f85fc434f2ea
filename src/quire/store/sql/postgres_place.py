"""Where a PostgreSQL database is, read from its URI as the PostgreSQL client library reads it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from quire.domain.errors import InvalidInput, MissingExtra

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2")
_DEFAULTS = {
    "application_name": "quire",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}
_OWN = ("statement_timeout", "pool_size", "prepare")
OPTIONS = "statement_timeout=SECONDS, pool_size=CONNECTIONS, prepare=on or off"


class PostgresPlace(msgspec.Struct, frozen=True):
    """A parsed URI. ``parameters`` are those of the connection and hold the password: they are never shown."""

    name: str
    host: str
    uri: str
    parameters: dict[str, Any]
    statement_timeout: int = 60
    pool_size: int = 16
    prepare: bool = True

    def __repr__(self) -> str:
        return f"PostgresPlace({self.uri!r})"


def parse_postgres(uri: str) -> PostgresPlace:
    """Where a ``postgresql://user:password@host:port/database?option=value`` URI leads.

    Options are those of the PostgreSQL client library (``sslmode``, ``options``, …) and of Quire: seconds after which a
    statement is given up, connections at most, whether statements are prepared (not behind a pooler that shares
    connections between transactions). Raises InvalidInput for a malformed one, MissingExtra without psycopg.
    """
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise MissingExtra(
            "Keeping runs in PostgreSQL needs the driver psycopg. Install it: pip install 'quire[postgres]'."
        ) from error

    scheme, _, rest = uri.partition("://")
    if scheme not in _SCHEMES:
        raise InvalidInput(
            f"The tracking URI asks for the driver {scheme!r}; expected postgresql://host/database (psycopg 3)."
        )
    location, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    own: dict[str, str] = {name: options.pop(name) for name in _OWN if name in options}
    try:
        given = conninfo_to_dict(f"postgresql://{location}?{urlencode(options)}")
    except psycopg.Error as error:
        raise InvalidInput(
            f"The tracking URI of the PostgreSQL database cannot be read ({_without_secret(str(error), location)}). "
            "Expected postgresql://user:password@host:port/database?option=value; in the user and the password write "
            "@ as %40, / as %2F, : as %3A, % as %25. "
            f"Options are those of libpq, and {OPTIONS}."
        ) from None
    host = str(given.get("host") or "localhost")
    port = f":{given['port']}" if "port" in given else ""
    database = str(given.get("dbname") or given.get("user") or "")
    return PostgresPlace(
        name=f"{database!r} at {host}{port}",
        host=host,
        uri=f"postgresql://{'' if host.startswith('/') else host + port}/{database}",
        parameters={**_DEFAULTS, **given},
        statement_timeout=_number(own, "statement_timeout", 60),
        pool_size=_number(own, "pool_size", 16),
        prepare=_switch(own, "prepare"),
    )


def _without_secret(text: str, location: str) -> str:
    """What the library says, unless it quotes the place of the password."""
    credentials = location.rpartition("@")[0]
    user, _, password = credentials.partition(":")
    quoted = any(part and part in text for part in (password, credentials if user else ""))
    return "its user, password or host is malformed" if quoted else " ".join(text.split())


def _number(own: dict[str, str], name: str, default: int) -> int:
    text = own.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) <= 86_400:
        raise InvalidInput(f"The option {name}={text} of the tracking URI must be a whole number from 1 to 86400.")
    return int(text)


def _switch(own: dict[str, str], name: str) -> bool:
    text = own.get(name, "on").lower()
    if text not in ("on", "off"):
        raise InvalidInput(f"The option {name}={text} of the tracking URI must be on or off.")
    return text == "on"
