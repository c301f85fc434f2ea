"""MLflow 2.22's client, older than the protocol that the server speaks, works against it all the same."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.mlflow_program import answers_of
from tests.server.test_mlflow_client import EXPECTED as OF_MLFLOW_3

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
PROGRAM = Path(__file__).with_name("mlflow2_flows.py")
LIKE_3 = ("experiments", "runs", "many_runs", "inputs", "artifacts")
# What the same program prints against MLflow's own server (3.17.2). Of what MLflow 3 does, 2.22 has no call for:
# deleting an experiment's tag, logged models, evaluation datasets, mlflow.genai, prompts of chat messages; and
# assessments it refuses itself.
EXPECTED: dict[str, Any] = {
    **{flow: OF_MLFLOW_3[flow] for flow in LIKE_3},
    "experiments": OF_MLFLOW_3["experiments"] | {"changed": {"team": "b", "empty": ""}},
    "models": {
        "listed": [
            "echo/MLmodel",
            "echo/conda.yaml",
            "echo/python_env.yaml",
            "echo/python_model.pkl",
            "echo/requirements.txt",
        ],
        "version": ["1", "first", {"checked": "yes"}, "None", True],
        "second": ["2", {"a": "b"}, "Production"],
        "copied": ["1", True],
        "predicted": [["echo a"], ["echo b"], ["echo c"]],
        "found": [["old-model-", "1"], ["old-model-", "2"], ["old-model--copy", "1"]],
        "history": True,
        "gone": ["RESOURCE_DOES_NOT_EXIST", 404],
    },
    "prompts": {
        "first": ["Say {{x}}", "1", "first", {"author": "a"}, {"a": "b"}],
        "second": ["Tell y", "2"],
        "logged": [["1"], 0],
        "models": [],
        "alias gone": ["RESOURCE_DOES_NOT_EXIST", None],
        "gone": ["INTERNAL_ERROR", None],
    },
    "traces": {
        "status": ["OK", True, True],
        "spans": [
            ["agent", "AGENT", {"question": "hello wörld"}, {"answer": "HELLO WÖRLD"}, True],
            ["lookup", "TOOL", {"q": "hello wörld"}, {"a": [1, 2.5, None, "é"]}, False],
        ],
        "tags": ["blue", "agent"],
        "failed": ["ERROR", "exception"],
        "by hand": ["1", 2, '"z"'],
        "tagged": [1, False],
        "pages": [["agent", "boom"], ["by hand"]],
        "table": 3,
        "errors": 1,
        "deleted": [1, 1, 1],
        "gone": ["RESOURCE_DOES_NOT_EXIST", 404],
    },
    "assessments": [["INTERNAL_ERROR", None], ["INTERNAL_ERROR", None]],
    "evaluate": {"metrics": {"right/share": 0.667}, "of run": {"right/share": 0.667}, "artifacts": [[], []]},
    "autolog": [["ERROR", "CHAT_MODEL", "gpt-4o-mini"]],
}


@pytest.fixture(scope="module")
def found(server: Served, mlflow2_python: Path) -> dict[str, Any]:
    return dict(answers_of(mlflow2_python, PROGRAM, server.url, uuid.uuid4().hex[:8]))


@pytest.mark.parametrize("flow", EXPECTED)
def test_a_flow_of_the_client_finds_what_it_would_find_on_its_own_server(flow: str, found: dict[str, Any]) -> None:
    assert found[flow] == EXPECTED[flow]


def test_every_flow_is_looked_at(found: dict[str, Any]) -> None:
    assert found.keys() == EXPECTED.keys()
