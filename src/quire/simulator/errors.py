"""An error in the shape in which the OpenAI API answers it."""

from __future__ import annotations

import msgspec


class ApiError(Exception):
    """Refuse a request: ``{"error": {message, type, param, code}}`` with an HTTP status and extra headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type
        self.headers = headers

    def fields(self) -> dict[str, str | None]:
        """The error object: what stands under ``error`` in a body, in a stream or in a batch's error file."""
        return {"message": self.message, "type": self.type, "param": self.param, "code": self.code}

    def body(self) -> bytes:
        """The JSON body of the answer."""
        return msgspec.json.encode({"error": self.fields()})


def not_found(what: str, name: str) -> ApiError:
    """404 for a stored object (a file, a batch, a job, a response) that does not exist."""
    return ApiError(404, f"No {what} found with id '{name}'.", param="id", code=None)


def missing(param: str) -> ApiError:
    """400 for a required parameter that is absent."""
    return ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """400 for a parameter whose value is refused."""
    return ApiError(400, message, param=param, code=code)
