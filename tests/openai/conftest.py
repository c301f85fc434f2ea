"""What tests of the flavour share: a workspace of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

import quire


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A fresh store in a temporary folder, made the current one."""
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'quire.db'}")
    quire.set_experiment("tests")
    return tmp_path
