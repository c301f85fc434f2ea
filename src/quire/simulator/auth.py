"""Whether a request carries a key: a bearer token or Azure's ``api-key`` header, as either service reads it."""

from __future__ import annotations

import hmac

from quire.simulator.errors import ApiError


def check(headers: list[tuple[bytes, bytes]], accepted: tuple[str, ...] | None, *, azure: bool) -> None:
    """Raise ApiError (401) without a key, or with one that is not accepted."""
    key = _key(headers)
    if not key:
        raise _missing(azure)
    if accepted is not None and not any(hmac.compare_digest(key, good.encode()) for good in accepted):
        message = "Incorrect API key provided. The simulator accepts only the keys of its behaviour (api_keys)."
        raise ApiError(401, message, code="invalid_api_key")


def _key(headers: list[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            return token.strip() if scheme.lower() == b"bearer" else b""
        if name == b"api-key":
            return value.strip()
    return b""


def _missing(azure: bool) -> ApiError:
    if azure:
        message = "Access denied: no key. Send it in the header 'api-key' or as a bearer token."
        return ApiError(401, message, code="401")
    message = (
        "No API key was provided. Send one in an Authorization header with Bearer auth "
        "(Authorization: Bearer KEY); the simulator accepts any key."
    )
    return ApiError(401, message)
