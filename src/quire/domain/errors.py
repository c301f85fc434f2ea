"""The one exception family: what was wrong, the value, what was expected, the next step.

Error codes and HTTP statuses are those of MLflow's REST protocol, so that an error keeps its meaning
across the wire. A message is shown to people and stored in logs: it must never hold a credential, so
every message passes through :func:`quire.domain.redaction.redact`.
"""

from __future__ import annotations

from typing import Literal

from quire.domain.redaction import redact

ErrorCode = Literal[
    "BAD_REQUEST",
    "INTERNAL_ERROR",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "PERMISSION_DENIED",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
    "TEMPORARILY_UNAVAILABLE",
    "UNAUTHENTICATED",
]

HTTP_STATUS: dict[ErrorCode, int] = {
    "BAD_REQUEST": 400,
    "INTERNAL_ERROR": 500,
    "INVALID_PARAMETER_VALUE": 400,
    "INVALID_STATE": 400,
    "PERMISSION_DENIED": 403,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "RESOURCE_ALREADY_EXISTS": 400,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "TEMPORARILY_UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}


class QuireError(Exception):
    """Anything Quire refuses or fails to do. Subclasses name the kind; ``error_code`` is MLflow's."""

    error_code: ErrorCode = "INTERNAL_ERROR"

    def __init__(self, message: str) -> None:
        self.message = redact(message)
        super().__init__(self.message)

    @property
    def http_status(self) -> int:
        """The status with which a server answers this error."""
        return HTTP_STATUS[self.error_code]


class InvalidInput(QuireError):
    """A value given by the caller is malformed, of the wrong type or out of range."""

    error_code = "INVALID_PARAMETER_VALUE"


class InvalidState(QuireError):
    """The call is well formed but the thing it names is in a state that does not allow it."""

    error_code = "INVALID_STATE"


class NotFound(QuireError):
    """The named experiment, run, model, artifact, … does not exist."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExists(QuireError):
    """A thing of that name exists already."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class PermissionDenied(QuireError):
    """The caller is known and may not do this."""

    error_code = "PERMISSION_DENIED"


class Unauthenticated(QuireError):
    """A credential is missing or was refused."""

    error_code = "UNAUTHENTICATED"


class Unavailable(QuireError):
    """A store, a disk or a service cannot be reached now; the same call may succeed later."""

    error_code = "TEMPORARILY_UNAVAILABLE"


class MissingConfiguration(InvalidInput):
    """An environment variable or option that the call needs is not set; the message names it."""


class SchemaError(InvalidInput):
    """Input rows or parameters do not fit the model's signature."""


class TemplateError(InvalidInput):
    """A template cannot be parsed, or a row lacks one of its variables."""


class PolicyError(InvalidInput):
    """An inference parameter is not allowed, of the wrong type or out of range."""


class MalformedModel(InvalidInput):
    """A model directory cannot be read as a packaged model."""


class MissingExtra(QuireError):
    """An optional dependency is not installed; the message says how to install it."""

    error_code = "INVALID_STATE"
