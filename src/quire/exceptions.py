"""The errors, under the module name that MLflow gives them; defined in :mod:`quire.domain.errors`."""

from __future__ import annotations

from quire.domain.errors import (
    AlreadyExists,
    InvalidInput,
    InvalidState,
    MalformedModel,
    MissingConfiguration,
    MissingExtra,
    NotFound,
    PermissionDenied,
    PolicyError,
    QuireError,
    SchemaError,
    TemplateError,
    Unauthenticated,
    Unavailable,
)

MlflowException = QuireError

__all__ = [
    "AlreadyExists",
    "InvalidInput",
    "InvalidState",
    "MalformedModel",
    "MissingConfiguration",
    "MissingExtra",
    "MlflowException",
    "NotFound",
    "PermissionDenied",
    "PolicyError",
    "QuireError",
    "SchemaError",
    "TemplateError",
    "Unauthenticated",
    "Unavailable",
]
