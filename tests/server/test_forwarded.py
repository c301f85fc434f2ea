"""Whose address counts behind reverse proxies."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.errors import InvalidInput
from quire.server import Settings
from quire.server.app import create_app
from quire.server.forwarded import Forwarded

PROXY, FARTHER, CLIENT = "10.0.0.7", "10.0.1.1", "203.0.113.7"


async def seen(peer: str, *headers: str, trusted: tuple[str, ...] = ("10.0.0.0/8", "fd00::/8")) -> str:
    """The address that an application is told of."""
    told: dict[str, Any] = {}

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope)

    named = [(b"x-forwarded-for", text.encode()) for text in headers]
    scope = {"type": "http", "client": (peer, 1), "headers": named}
    await Forwarded(inner, trusted)(scope, None, None)  # type: ignore[arg-type]
    return str(told["client"][0])


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        (PROXY, [], PROXY),
        (PROXY, [CLIENT], CLIENT),
        (PROXY, [f"198.51.100.1, {CLIENT}"], CLIENT),
        (PROXY, [f"{CLIENT}, {FARTHER}"], CLIENT),
        (PROXY, [CLIENT, FARTHER], CLIENT),
        (PROXY, [f"{CLIENT}:40312"], CLIENT),
        (PROXY, ["[2001:db8::1]:443"], "2001:db8::1"),
        (PROXY, ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", [CLIENT], CLIENT),
        ("::ffff:10.0.0.7", [CLIENT], CLIENT),
        (CLIENT, ["198.51.100.1"], CLIENT),
        (CLIENT, [PROXY], CLIENT),
        (PROXY, ["unknown"], PROXY),
        (PROXY, [f"{CLIENT}, nonsense"], PROXY),
        (PROXY, [""], PROXY),
    ],
)
async def test_the_last_address_that_is_no_trusted_proxy_counts(peer: str, headers: list[str], expected: str) -> None:
    assert await seen(peer, *headers) == expected


def test_what_is_no_address_is_refused_when_the_server_starts(tmp_path: Any) -> None:
    settings = Settings(backend_store_uri=f"sqlite:///{tmp_path}/quire.db", trusted_proxies=("proxy.example",))
    with pytest.raises(InvalidInput, match=r"'proxy\.example'; expected addresses or networks"):
        create_app(settings)
