"""A server without auth serves this machine: no page of another site, by whatever name it comes."""

from __future__ import annotations

import pytest

from quire.serving.origins import LocalOnly


def code(*headers: tuple[bytes, bytes], hosts: tuple[str, ...] = ()) -> str | None:
    refused = LocalOnly("127.0.0.1", hosts)({"headers": list(headers)})
    return None if refused is None else refused.code


@pytest.mark.parametrize("host", [b"localhost:8000", b"127.0.0.1:8000", b"127.0.0.1", b"[::1]:8000", b"LOCALHOST"])
def test_this_machines_names_are_served(host: bytes) -> None:
    assert code((b"host", host)) is None


@pytest.mark.parametrize(
    "host", [b"evil.example:8000", b"localhost.evil.example", b"127.0.0.1.evil.example:80", b"\xff"]
)
def test_other_names_are_not(host: bytes) -> None:
    assert code((b"host", host)) == "host_not_allowed"


def test_a_name_that_was_allowed_is_served() -> None:
    assert code((b"host", b"serve.internal:80"), hosts=("*.internal",)) is None


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"https://localhost.evil.example"])
def test_pages_of_other_sites_are_refused(origin: bytes) -> None:
    assert code((b"host", b"localhost:8000"), (b"origin", origin)) == "origin_not_allowed"


def test_pages_of_this_machine_are_served() -> None:
    assert code((b"host", b"localhost:8000"), (b"origin", b"http://localhost:3000")) is None
