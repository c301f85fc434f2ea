"""The one exception family: MLflow's codes, HTTP statuses, and no credential in a message."""

from __future__ import annotations

import inspect
import pickle

import pytest

from quire.domain import errors
from quire.domain.errors import QuireError

FAMILY = [kind for _name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, QuireError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_kind_has_a_code_with_a_status(kind: type[QuireError]) -> None:
    error = kind("wrong")
    assert error.http_status == errors.HTTP_STATUS[error.error_code]
    assert str(error) == error.message == "wrong"


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_crosses_a_process_boundary(kind: type[QuireError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("wrong")))
    assert type(copy) is kind
    assert copy.message == "wrong"


def test_a_message_never_holds_a_credential() -> None:
    error = QuireError("the key sk-abcdefghijklmnopqrst1234 was refused")
    assert "abcdefghijkl" not in str(error) + repr(error) + error.message
    assert "[REDACTED]" in str(error)
