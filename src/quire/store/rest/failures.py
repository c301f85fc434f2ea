"""From what a server answered to the error that it means."""

from __future__ import annotations

import msgspec

from quire.domain.errors import (
    HTTP_STATUS,
    AlreadyExists,
    InvalidInput,
    InvalidState,
    NotFound,
    PermissionDenied,
    QuireError,
    Unauthenticated,
    Unavailable,
)
from quire.store.rest.connection import Answer

_KINDS: dict[str, type[QuireError]] = {
    "BAD_REQUEST": InvalidInput,
    "INTERNAL_ERROR": QuireError,
    "INVALID_PARAMETER_VALUE": InvalidInput,
    "INVALID_STATE": InvalidState,
    "PERMISSION_DENIED": PermissionDenied,
    "REQUEST_LIMIT_EXCEEDED": Unavailable,
    "RESOURCE_ALREADY_EXISTS": AlreadyExists,
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "TEMPORARILY_UNAVAILABLE": Unavailable,
    "UNAUTHENTICATED": Unauthenticated,
}
_BY_STATUS: dict[int, type[QuireError]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    408: Unavailable,
    409: AlreadyExists,
    413: InvalidInput,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
_SHOWN = 300


class _Failure(msgspec.Struct):
    """MLflow's shape of an error."""

    error_code: str = ""
    message: str = ""


def failure(answer: Answer, what: str, url: str) -> QuireError:
    """The error that an answer other than success means.

    ``what`` names the call (``POST /api/…``), ``url`` the server. The message is the server's own where it speaks
    MLflow's protocol, and keeps its error code.
    """
    told = _told(answer)
    if told is None:
        return _foreign(answer, what, url)
    kind = _KINDS.get(told.error_code) or _BY_STATUS.get(answer.status)
    if kind is None:
        kind = InvalidInput if answer.status < 500 else QuireError
    error = kind(_without_sql(told.message) or f"{url} answered {what} with {told.error_code} and no message.")
    if told.error_code in HTTP_STATUS:
        error.error_code = told.error_code
    return error


def _without_sql(message: str) -> str:
    """A message without the statement, and the values of others in it, that MLflow shows of a database's error."""
    return message.partition("\n[SQL:")[0]


def _told(answer: Answer) -> _Failure | None:
    try:
        told = msgspec.json.decode(answer.body, type=_Failure)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return told if told.error_code else None


def _foreign(answer: Answer, what: str, url: str) -> QuireError:
    """An answer in a shape that is not MLflow's: from something before the server, or from another kind of server."""
    status = answer.status
    if status == 401:
        return Unauthenticated(
            f"{url} wants to know who asks. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN (or their QUIRE_ twins). If they are set, the server refused them."
        )
    if status == 403:
        return PermissionDenied(f"{url} does not allow {what} to these credentials. {_excerpt(answer)}")
    if 300 <= status < 400:
        return InvalidState(
            f"{url} sends {what} on to {answer.headers.get('location', 'another place')!r}, and credentials are never "
            "sent to another address than the one that was named. Use that address as the tracking URI."
        )
    if status == 413:
        return InvalidInput(f"{url} refused {what} as too large. {_excerpt(answer)}")
    if status in _BY_STATUS:
        return _BY_STATUS[status](f"{url} answered {what} with status {status}. {_excerpt(answer)}")
    if status >= 500:
        return QuireError(f"{url} failed with status {status} on {what}. {_excerpt(answer)} Look in the server's log.")
    return InvalidState(
        f"{url} answered {what} with status {status}, and not as MLflow's protocol does. Check that the tracking URI "
        f"names a tracking server, with its path if it is behind one. {_excerpt(answer)}"
    )


def not_the_protocol(answer: Answer, what: str, url: str, why: str) -> QuireError:
    """The error for an answer of success whose body is not what the protocol says."""
    return InvalidState(
        f"{url} answered {what} with something that is not MLflow's protocol: {why}. Check that the tracking URI "
        f"names a tracking server. {_excerpt(answer)}"
    )


def _excerpt(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if not answer.body:
        return "It said nothing more."
    if not kind.startswith("text/plain") and "json" not in kind:
        return f"Its answer was {len(answer.body):,} bytes of {kind or 'an unknown kind'}."
    return f"It said: {' '.join(answer.body[:_SHOWN].decode(errors='replace').split())}"
