"""A real MLflow server as the registry, and MLflow's client beside Quire's."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.prompts.folder import pull, push

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]


def ask_mlflow(python: Path, url: str, program: str, *words: str) -> Any:
    """What a program prints as JSON that uses MLflow's own client."""
    code = f"import json, sys, mlflow; mlflow.set_tracking_uri({url!r}); name = sys.argv[1]\n{program}"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [str(python), "-c", code, *words], capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_folder_in_step_with_an_mlflow_server(mlflow_server: str, mlflow_python: Path, folder: Path) -> None:
    quire.set_tracking_uri(mlflow_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    ask_mlflow(
        mlflow_python,
        mlflow_server,
        "mlflow.genai.register_prompt(name, [{'role': 'user', 'content': 'A joke about {{animal}}.'}], 'by MLflow',"
        " model_config={'model_name': 'gpt-4o-mini', 'odd': 1})\n"
        "mlflow.genai.set_prompt_alias(name, 'prod', 1)\nprint('null')",
        name,
    )
    assert pull(folder, names=[name]).outcomes[0].action == "written"
    file = folder / f"{name}.prompt"
    assert "=== user ===\nA joke about {{animal}}.\n" in file.read_text()
    assert "  extra_params:\n    odd: 1\n" in file.read_text()

    file.write_text(file.read_text().replace("A joke", "A pun"))
    assert push(folder, message="puns", names=[name]).outcomes[0].version == 2
    quire.set_prompt_alias(name, "prod", 2, reason="shorter")
    read = (
        "found = mlflow.genai.load_prompt(f'prompts:/{name}@prod')\n"
        "listed = [item.name for item in mlflow.genai.search_prompts(f\"name = '{name}'\")]\n"
        "print(json.dumps([found.version, found.template, found.model_config, found.tags, listed]))"
    )
    assert ask_mlflow(mlflow_python, mlflow_server, read, name) == [
        2,
        [{"role": "user", "content": "A pun about {{animal}}."}],
        {"model_name": "gpt-4o-mini", "odd": 1},
        {"mlflow.user": quire.load_prompt(name).user_id} if _shows_user(name) else {},
        [name],
    ]

    client = quire.Client()
    assert client.rollback_prompt_alias(name, "prod", reason="not funny").new == 1
    ask_mlflow(mlflow_python, mlflow_server, "mlflow.genai.set_prompt_alias(name, 'prod', 2)\nprint('null')", name)
    assert client.rollback_prompt_alias(name, "prod").new == 1
    assert client.load_prompt(f"prompts:/{name}@prod").version == 1  # type: ignore[union-attr]
    assert pull(folder, names=[name]).in_step == 1


def _shows_user(name: str) -> bool:
    """Whether the author is kept in a tag, where the server keeps none of a version."""
    return "mlflow.user" in quire.Client().registry_store.get_model_version(name, "2").tags
