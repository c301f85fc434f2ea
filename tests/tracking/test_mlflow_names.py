"""The API has MLflow's names and parameters: a script written for MLflow finds what it calls."""

from __future__ import annotations

import inspect
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import quire

NOT_OURS_YET = {
    # traces, webhooks, workspaces and the MCP registry come with their features
    "trace",
    "span",
    "webhook",
    "workspace",
    "mcp",
}
OUR_OWN = {
    # compares variants on a dataset; MLflow's judges one model, and its 3 has put mlflow.genai.evaluate in its place
    "evaluate",
}
LEFT_OUT = {
    # a catalog of Databricks that traces go to
    ("create_experiment", "trace_location"),
    ("create_experiment", "trace_location by position"),
    ("set_experiment", "trace_location"),
    ("set_experiment", "trace_location by position"),
}

DESCRIBE = """
import inspect, json, mlflow, mlflow.genai

def describe(owner):
    found = {}
    for name in dir(owner):
        value = getattr(owner, name)
        if name.startswith("_") or not inspect.isfunction(value):
            continue
        parameters = inspect.signature(value).parameters.values()
        found[name] = [(p.name, p.kind.name) for p in parameters if p.name != "self"]
    return found

owners = [mlflow, mlflow.MlflowClient, mlflow.artifacts, mlflow.genai]
print(">>>" + json.dumps([describe(owner) for owner in owners]))
"""


@pytest.fixture(scope="module")
def theirs(mlflow_python: Path) -> list[dict[str, list[tuple[str, str]]]]:
    done = subprocess.run([str(mlflow_python), "-c", DESCRIBE], capture_output=True, text=True, check=True)
    described: list[dict[str, list[tuple[str, str]]]] = json.loads(done.stdout.split(">>>")[1])
    return described


def missing_parameters(function: Any, wanted: list[tuple[str, str]]) -> list[str]:
    """Parameters of MLflow that ours lacks, or has at another position."""
    parameters = [name for name in inspect.signature(function).parameters if name != "self"]
    wrong = [name for name, _ in wanted if name not in parameters]
    positional = [name for name, kind in wanted if kind == "POSITIONAL_OR_KEYWORD"]
    for place, name in enumerate(positional):
        kind = inspect.signature(function).parameters.get(name)
        if kind is None or kind.kind is inspect.Parameter.KEYWORD_ONLY:
            wrong.append(f"{name} by position")
        elif parameters.index(name) != place:
            wrong.append(f"{name} at {place}")
    return wrong


@pytest.mark.mlflow
@pytest.mark.parametrize("part", ["fluent", "client", "artifacts"])
def test_every_shared_function_takes_mlflows_parameters(
    theirs: list[dict[str, list[tuple[str, str]]]], part: str
) -> None:
    owner: Any = {"fluent": quire, "client": quire.Client, "artifacts": quire.artifacts}[part]
    wanted = theirs[["fluent", "client", "artifacts"].index(part)]
    shared = [name for name in wanted if hasattr(owner, name) and callable(getattr(owner, name))]
    assert len(shared) >= {"fluent": 55, "client": 55, "artifacts": 4}[part]
    wrong = {
        name: missing
        for name in shared
        if name not in OUR_OWN
        and (
            missing := [
                each for each in missing_parameters(getattr(owner, name), wanted[name]) if (name, each) not in LEFT_OUT
            ]
        )
    }
    assert wrong == {}


@pytest.mark.mlflow
def test_the_client_has_all_of_mlflows_methods_for_tracking_and_registry(
    theirs: list[dict[str, list[tuple[str, str]]]],
) -> None:
    expected = {name for name in theirs[1] if not any(word in name for word in NOT_OURS_YET)}
    assert sorted(name for name in expected if not hasattr(quire.Client, name)) == []


@pytest.mark.mlflow
def test_genai_has_mlflows_functions_for_prompts(theirs: list[dict[str, list[tuple[str, str]]]]) -> None:
    wanted = {name: parameters for name, parameters in theirs[3].items() if "prompt" in name and "optimize" not in name}
    assert len(wanted) >= 12
    assert {
        name: missing_parameters(getattr(quire.genai, name), parameters) for name, parameters in wanted.items()
    } == {name: [] for name in wanted}
