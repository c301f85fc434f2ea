"""A real MLflow client works against the server without noticing that it is not MLflow's."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.mlflow_program import answers_of

pytestmark = pytest.mark.mlflow
PROGRAM = Path(__file__).with_name("mlflow_flows.py")
# What the same program prints against MLflow's own server (3.17.2), where an empty file is listed without its size.
EXPECTED: dict[str, Any] = {
    "experiments": {
        "name": True,
        "tags": {"team": "a", "empty": ""},
        "location": True,
        "stage": "active",
        "times": True,
        "changed": {"team": "b"},
        "deleted": ["deleted", True],
        "again": "active",
        "pages": [2, 1],
        "missing": None,
        "taken": ["RESOURCE_ALREADY_EXISTS", 400],
        "unknown": ["RESOURCE_DOES_NOT_EXIST", 404],
    },
    "runs": {
        "status": ["FINISHED", "active", True],
        "user": True,
        "params": ["0.5", "7", 6000],
        "metrics": [0.5, 0.9, 299.0],
        "not finite": [True, True],
        "tags": ["yes", "x", "batch", "told", "first"],
        "gone": False,
        "history": [300, 17.0, 17, 1017],
        "renamed": "renamed",
        "found": True,
        "frame": 0.9,
        "deleted": False,
        "changed param": ["INVALID_PARAMETER_VALUE", None],
        "unknown run": ["RESOURCE_DOES_NOT_EXIST", 404],
        "bad filter": ["INVALID_PARAMETER_VALUE", 400],
        "unknown field": ["INVALID_PARAMETER_VALUE", 400],
    },
    "many_runs": {
        "order": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0],
        "killed": 3,
        "bad token": ["INVALID_PARAMETER_VALUE", 400],
    },
    "inputs": {"dataset": ["d", "abc", "s", "train"], "searched": 1},
    "artifacts": {
        "listed": ["kept/big.bin", "kept/deep", "kept/empty.bin"],
        "size": 5000000,
        "empty": 0,
        "same": True,
        "inside": "inside",
        "text": "hello",
        "dict": {"a": 1},
        "missing": True,
    },
    "models": {
        "status": ["READY", "", True],
        "tags": ["new", False, {"depth": "3"}],
        "metrics": [["quality", 0.75]],
        "searched": [1, 1],
        "version": ["1", "first", {"checked": "yes"}, "['champion']", "None"],
        "lineage": [True, False],
        "registered": ["told", {"owner": "a"}, {"champion": "1"}],
        "second": ["2", "Staging", ["1", "2"]],
        "uri": True,
        "predicted": [["echo a"], ["echo b"]],
        "found": ["2", "1"],
        "names": True,
        "after": [{}, {}],
        "outputs": True,
        "gone": [["RESOURCE_DOES_NOT_EXIST", 404], ["RESOURCE_DOES_NOT_EXIST", 404]],
    },
    "prompts": {
        "first": ["Say {{x}}", 1, "first", "b"],
        "second": [[{"role": "user", "content": "Tell y"}], 2],
        "found": True,
        "not a model": [],
    },
}


@pytest.fixture(scope="module")
def found(server: Served, mlflow_python: Path) -> dict[str, Any]:
    return answers_of(mlflow_python, PROGRAM, server.url, uuid.uuid4().hex[:8])


@pytest.mark.parametrize("flow", EXPECTED)
def test_a_flow_of_the_client_finds_what_it_would_find_on_its_own_server(flow: str, found: dict[str, Any]) -> None:
    assert found[flow] == EXPECTED[flow]
