"""A folder that refuses writes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def _as_an_ordinary_user() -> Iterator[None]:
    """File permissions bind everyone but root: step down to `nobody` meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that the test may read and not write."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        with _as_an_ordinary_user():
            yield Path(name)
        os.chmod(name, 0o755)
