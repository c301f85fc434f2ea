"""Stores that datasets are kept in."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

import quire


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The current store: an SQLite file of this test's own."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    return uri


@pytest.fixture(params=["sqlite", "postgresql", "Quire"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The current store: of each kind that keeps versions."""
    if request.param == "sqlite":
        uri = f"sqlite:///{tmp_path}/quire.db"
    elif request.param == "postgresql":
        uri = request.getfixturevalue("postgres_copy")
    else:
        uri = request.getfixturevalue("quire_server")
    quire.set_tracking_uri(uri)
    return uri


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes names that no other test uses."""
    mark, count = uuid.uuid4().hex[:8], itertools.count()
    return lambda prefix: f"{prefix}-{mark}-{next(count)}"
