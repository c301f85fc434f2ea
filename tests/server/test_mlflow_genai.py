"""A real MLflow client traces, judges, keeps prompts and datasets, and evaluates against the server, unaware of it."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Served

pytestmark = pytest.mark.mlflow
PROGRAM = Path(__file__).with_name("mlflow_genai_flows.py")
# What the same program prints against MLflow's own server (3.17.2), but for one thing: that answers a tag for a trace
# that is not there with BAD_REQUEST and the words of its database.
EXPECTED: dict[str, Any] = {
    "traces": {
        "state": "OK",
        "previews": ['{"question": "hello wörld"}', '{"answer": "HELLO WÖRLD"}'],
        "spans": [
            ["agent", "AGENT", {"question": "hello wörld"}, {"answer": "HELLO WÖRLD"}, True],
            ["lookup", "TOOL", {"q": "hello wörld"}, {"a": [1, 2.5, None, "é"]}, False],
        ],
        "attribute": "red",
        "event": ["looked", {"n": 1}],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        "tags": ["blue", "agent", "TRACKING_STORE"],
        "run": True,
        "of run": 1,
        "of session": 1,
    },
    "failures": ["ERROR", "ERROR", "exception", 1],
    "tags": ["v", False, "RESOURCE_DOES_NOT_EXIST"],
    "search": {
        "pages": [1, True, 1, None],
        "table": [2, True],
        "spans": 1,
        "text": 1,
        "order": ["agent", "boom"],
        "bad": "INVALID_PARAMETER_VALUE",
    },
    "assessments": {
        "read": [True, "r", "HUMAN", "ann", {"a": "b"}],
        "changed": False,
        "listed": [
            ["broken", "None", True],
            ["facts", "{'a': [1]}", True],
            ["good", "False", False],
            ["good", "bad", True],
        ],
        "found": 1,
        "valid again": True,
        "missing": "RESOURCE_DOES_NOT_EXIST",
    },
    "client_calls": ["OK", 2, "1", "y"],
    "prompts": {
        "by alias": ["Hi {{name}}", 1, "first", "Hi Bo"],
        "chat": [True, True, {"model_name": "gpt-4o", "temperature": 0.2}],
        "latest": 2,
        "listed": True,
        "among all": True,
        "tags": ["v", "vv"],
        "versions": [2, 1],
        "no model": True,
        "missing": None,
        "linked": ["1", 1],
        "alias gone": None,
        "gone": None,
    },
    "datasets": {
        "records": 2,
        "merged": {"e": 1, "f": 2},
        "schema": {"q": "string"},
        "profile": {"num_records": 2},
        "from traces": [3, ["CODE", "HUMAN", "TRACE"]],
        "tags": ["u"],
        "experiments": True,
        "left": [1, 2],
        "listed": True,
        "gone": "RESOURCE_DOES_NOT_EXIST",
    },
    "evaluate": {
        "metrics": {"exact/mean": 0.5, "length/mean": 1.0},
        "of run": {"exact/mean": 0.5, "length/mean": 1.0},
        "judged": [
            ["exact", "False"],
            ["exact", "True"],
            ["expected", "A"],
            ["expected", "x"],
            ["length", "1.0"],
            ["length", "1.0"],
        ],
        "dataset": [1.0, True],
        "traces": 1.0,
    },
    "deletion": [1, 1, 2, None],
}


@pytest.fixture(scope="module")
def answers(server: Served, mlflow_python: Path) -> dict[str, Any]:
    """What the flows found."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    environment |= {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [str(mlflow_python), "-W", "ignore", str(PROGRAM), uuid.uuid4().hex[:8]]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=170, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("ANSWERS ")), None)
    assert line is not None, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(line.removeprefix("ANSWERS "))
    return found


@pytest.mark.parametrize("flow", EXPECTED)
def test_a_flow_finds_what_it_wrote(answers: dict[str, Any], flow: str) -> None:
    assert answers[flow] == EXPECTED[flow]


def test_every_flow_is_looked_at(answers: dict[str, Any]) -> None:
    assert answers.keys() == EXPECTED.keys()
