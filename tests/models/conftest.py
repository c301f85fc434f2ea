"""Model directories as MLflow of each generation wrote them, made by hand."""

from __future__ import annotations

import copy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

Directory = Callable[..., Path]

MLFLOW_3 = {
    "flavors": {
        "openai": {"code": None, "data": "model.yaml", "openai_version": "3.57.0"},
        "python_function": {
            "data": "model.yaml",
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.openai",
            "python_version": "3.11.7",
        },
    },
    "is_signature_from_type_hint": False,
    "mlflow_version": "3.17.2",
    "model_id": None,
    "model_uuid": "658900f7b6e847a287d4c21d066aa24c",
    "prompts": None,
    "signature": {
        "inputs": '[{"type": "string", "required": true}]',
        "outputs": '[{"type": "string", "required": true}]',
        "params": None,
    },
    "type_hint_from_example": False,
    "utc_time_created": "2026-11-24 14:52:21.547561",
}
MODEL = {
    "messages": [{"role": "user", "content": "Tell me a joke about {animal}."}],
    "model": "gpt-4o-mini",
    "task": "chat.completions",
}


class Unprivileged:
    """Runs ``work(folder)`` of a piece of code as a user whom permissions hold back, even where the tests run as root.

    ``folder`` may be read by that user and not written to. The work is done once elsewhere before, with all rights,
    so that everything it imports is loaded; what it prints the second time is returned.
    """

    def __init__(self, folder: Path, elsewhere: Path) -> None:
        self.folder = folder
        self._elsewhere = elsewhere

    def __call__(self, code: str) -> str:
        program = (
            f"{dedent(code)}\n"
            "import contextlib, io, os\n"
            "from pathlib import Path\n"
            f"with contextlib.redirect_stdout(io.StringIO()): work(Path({str(self._elsewhere)!r}))\n"
            "if os.geteuid() == 0: os.setegid(65534), os.seteuid(65534)\n"
            f"work(Path({str(self.folder)!r}))\n"
        )
        self.folder.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Unprivileged]:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        yield Unprivileged(folder, tmp_path)
        folder.chmod(0o755)


@pytest.fixture
def mlflow_3() -> dict[str, Any]:
    """The ``MLmodel`` that MLflow 3 writes."""
    return copy.deepcopy(MLFLOW_3)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """Writes a model directory: ``MLmodel`` and ``model.yaml`` as mappings or text, and further files."""

    def write(mlmodel: Any = MLFLOW_3, model: Any = MODEL, **files: str) -> Path:
        folder = tmp_path / "written"
        folder.mkdir(exist_ok=True)
        for name, content in {"MLmodel": mlmodel, "model.yaml": model, **files}.items():
            if content is not None:
                text = dedent(content) if isinstance(content, str) else yaml.safe_dump(content)
                (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write
