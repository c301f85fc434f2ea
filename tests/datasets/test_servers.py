"""Datasets across servers: a real MLflow client on Quire's server, Quire on MLflow's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire import datasets
from quire.domain.errors import InvalidInput

PROGRAM = Path(__file__).with_name("mlflow_datasets.py")
ROWS = [{"inputs": {"q": n}, "expectations": {"a": str(n)}} for n in (1, 2, 3)]


def _mlflow(python: Path, url: str, *arguments: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    environment |= {"MLFLOW_TRACKING_URI": url, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [str(python), "-W", "ignore", str(PROGRAM), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=170, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("ANSWERS ")), None)
    assert line is not None, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(line.removeprefix("ANSWERS "))
    return found


@pytest.mark.mlflow
def test_a_real_mlflow_client_reads_and_changes_what_quire_keeps(
    quire_server: str, mlflow_python: Path, unique: Callable[[str], str]
) -> None:
    quire.set_tracking_uri(quire_server)
    theirs, ours = unique("theirs"), unique("ours")
    first = datasets.create(theirs, ROWS, splits={"dev": 1.0})
    answers = _mlflow(mlflow_python, quire_server, theirs, ours)
    assert answers["read"] == [[n, {"a": str(n)}, "dev"] for n in (1, 2, 3)]
    assert answers["columns"] == ["inputs", "outputs", "expectations", "dataset_record_id"]
    assert {theirs, ours} <= set(answers["listed"])
    after = datasets.load(theirs)
    assert {record.inputs["q"]: record.expectations.get("a") for record in after} == {2: "changed", 3: "3", 9: None}
    assert (first.version, after.version) == (1, 2)
    assert [record.inputs["q"] for record in datasets.load(theirs, version=1)] == [1, 2, 3]
    (record,) = datasets.load(ours, split="dev")
    assert (record.inputs, record.outputs, record.expectations) == ({"q": "x"}, {"o": 1}, {"a": [1, None]})


@pytest.mark.mlflow
@pytest.mark.slow
def test_quire_keeps_datasets_on_mlflows_server_which_has_no_versions(
    mlflow_server: str, mlflow_python: Path, unique: Callable[[str], str]
) -> None:
    quire.set_tracking_uri(mlflow_server)
    theirs, ours = unique("theirs"), unique("ours")
    made = datasets.create(theirs, ROWS, splits={"dev": 1.0})
    assert (made.version, len(made), made.digest) == (None, 3, datasets.open(ROWS).digest)
    assert _mlflow(mlflow_python, mlflow_server, theirs, ours)["read"] == [[n, {"a": str(n)}, "dev"] for n in (1, 2, 3)]
    after = datasets.load(theirs)
    assert {record.inputs["q"] for record in after} == {2, 3, 9}
    assert [record.inputs for record in datasets.load(ours)] == [{"q": "x"}]
    with pytest.raises(InvalidInput, match="MLflow's protocol alone"):
        datasets.load(theirs, version=1)
    with pytest.raises(InvalidInput, match="MLflow's protocol alone"):
        datasets.versions(theirs)
    datasets.delete(theirs)
