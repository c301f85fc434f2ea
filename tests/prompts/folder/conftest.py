from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files go; it is not there yet."""
    return tmp_path / "prompts"
