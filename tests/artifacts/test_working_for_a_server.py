"""A process that a server starts opens the server's own files, without its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from quire.artifacts import opening
from quire.domain.errors import InvalidInput


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(opening, "_roots", [])
    opening.work_for_server(str(tmp_path))
    return tmp_path


def test_what_lies_behind_the_server_lies_below_its_root(root: Path) -> None:
    opening.open_artifacts("mlflow-artifacts:/1/run/artifacts").put_bytes(b"x", "folder/file")
    assert (root / "1/run/artifacts/folder/file").read_bytes() == b"x"
    assert opening.open_artifacts("mlflow-artifacts:/").get_bytes("1/run/artifacts/folder/file") == b"x"


@pytest.mark.parametrize("uri", ["mlflow-artifacts:/../x", "mlflow-artifacts:/a/../../x", "mlflow-artifacts:/%2e%2e/x"])
def test_nothing_leads_out_of_it(root: Path, uri: str) -> None:
    with pytest.raises(InvalidInput):
        opening.open_artifacts(uri)
