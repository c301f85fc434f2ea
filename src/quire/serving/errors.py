"""What goes wrong while serving, and how OpenAI's API says it."""

from __future__ import annotations

from typing import Literal

from quire.domain.errors import InvalidInput, QuireError

ErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "rate_limit_error",
    "insufficient_quota",
    "server_error",
]
"""What OpenAI calls the ``type`` of an error."""


class Refused(QuireError):
    """A request that is not passed on, as OpenAI's API says it: status, ``type``, ``param`` and ``code``.

    ``retry_after_s`` is when asking again may help; ``should_retry`` tells the SDK where it would guess wrong.
    """

    error_code = "BAD_REQUEST"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: ErrorType = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        should_retry: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code
        self.retry_after_s = retry_after_s
        self.should_retry = should_retry

    @property
    def http_status(self) -> int:
        """The status that the caller is told."""
        return self.status


class NoAnswer(QuireError):
    """No upstream gave an answer worth passing on: each was down, slow, broken or left alone.

    ``status`` is what the caller is told (502, 503, 504, 429); ``retry_after_s`` how long to wait before asking again.
    """

    error_code = "TEMPORARILY_UNAVAILABLE"

    def __init__(self, message: str, *, status: int = 502, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def http_status(self) -> int:
        """The status that the caller is told."""
        return self.status


class BrokenStream(QuireError):
    """An upstream broke off an answer of which the caller has seen the beginning: nothing can stand in for it."""

    error_code = "TEMPORARILY_UNAVAILABLE"


class UnreadableInput(QuireError):
    """A body of ``/invocations`` that cannot be read as rows; with MLflow's code for it."""

    error_code = "BAD_REQUEST"


class UnsupportedContent(InvalidInput):
    """A body of a kind that is not read; answered with status 415."""

    @property
    def http_status(self) -> int:
        """415, which none of MLflow's codes stands for."""
        return 415
