"""The recorded packaging cases of MLflow, replayed end to end: saved, loaded, predicted with over a real socket."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pytest
import yaml

import quire
from quire.domain.errors import QuireError
from quire.models.signature import ModelSignature
from quire.testing import Simulator
from quire.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden" / "openai-flavor.json"
DOC = Path(__file__).resolve().parents[2] / "docs" / "mlflow.md"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text())["cases"] if GOLDEN.exists() else []
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def body(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [message], **fields}


DIFFERENT: dict[str, dict[str, Any]] = {
    "fixed temperature": {
        "upstream": [body({"role": "user", "content": "Tell me a joke about cats."}, max_tokens=5, temperature=0.9)]
    },
    "message name and tools": {
        "upstream": [body({"role": "user", "content": "Hi cats", "name": "bob"}, tools=[TOOL])],
        "output": ['[{"role": "user", "content": "Hi cats", "name": "bob"}]'],
    },
    "literal brace": {"error": "messages[0].content: '{\"a\": 1}', which is not a variable name", "at": "save"},
    "params schema, unknown given": {"error": "Parameter 'top_p' may not be set at prediction"},
    "no schema, params given": {"error": "Parameter 'temperature' may not be set at prediction"},
    "null value": {"error": "Row 1, column 'animal', is null"},
    "responses": {
        "upstream": [{"model": "m", "input": "one"}],
        "path": "/v1/responses",
        "output": ["one"],
        "signature": ModelSignature(Schema([ColSpec("string")]), Schema([ColSpec("string")])).to_dict(),
    },
}
"""Cases in which Quire differs, with what it does; docs/mlflow.md says why."""

ERRORS = {
    "one variable, other column name": "Row 0, column 'n', is 1, which is an int; expected string",
    "two variables, one missing": "Row 0 lacks the column(s) ['animal']; it has ['adjective']",
    "two variables, strings": "Row 0 is 'a'; the template has the variables ['adjective', 'animal']",
    "param fixed and in schema": "['temperature'] cannot be in the signature's params",
    "wrong type of param": "Parameter 'temperature' is 'hot', a str; expected a float",
    "invalid messages": "`messages[0]` is 'a'; `messages` must be a list of mappings",
    "unknown task": "Unknown task 'nope'. Expected one of",
    "integer column only": "Row 0, column 'animal2', is 1, which is an int; expected string",
    "integer variable column": "Row 0, column 'animal', is 1, which is an int; expected string",
    "empty dataframe": "has no rows; expected at least one",
    "no key": "The environment variable OPENAI_API_KEY is not set",
}
"""Cases that both refuse, with Quire's words."""


def test_every_difference_stands_in_the_documentation() -> None:
    lines = DOC.read_text().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| recorded case |")) + 2
    listed = [line.split("|")[1].strip() for line in lines[start : lines.index("", start)]]
    assert listed == list(DIFFERENT)


def test_every_case_is_known() -> None:
    names = {case["name"] for case in CASES}
    if not names:
        pytest.skip("recorded facts are absent")
    assert DIFFERENT.keys() | ERRORS.keys() <= names
    failing = {case["name"] for case in CASES if "error" in case["mlflow"]}
    assert failing - DIFFERENT.keys() == ERRORS.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_recorded_case(
    case: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    simulator_factory: Callable[..., Simulator],
) -> None:
    name, mlflow = case["name"], case["mlflow"]
    different = DIFFERENT.get(name, {})
    simulator = simulator_factory(echo=True)
    _set_environment(monkeypatch, name, simulator)
    error = different.get("error") or ERRORS.get(name)
    if error:
        with pytest.raises(QuireError) as caught:
            _run(case, tmp_path / "model")
        assert error in caught.value.message
        assert simulator.requests == []
        assert different.get("at") != "save" or not (tmp_path / "model").exists()
        return
    output = _run(case, tmp_path / "model")
    assert _sent(simulator) == _expected(case, different)
    assert output == different.get("output", mlflow.get("output"))
    _compare_files(tmp_path / "model", mlflow, different)


def _set_environment(monkeypatch: pytest.MonkeyPatch, name: str, simulator: Simulator) -> None:
    for variable in (*simulator.environment, *simulator.azure_environment):
        monkeypatch.delenv(variable, raising=False)
    chosen = simulator.azure_environment if name.startswith("azure") else simulator.environment
    if name.startswith("azure"):
        chosen = {**chosen, "OPENAI_DEPLOYMENT_NAME": "dep", "OPENAI_API_VERSION": "2024-06-01"}
    for variable, value in chosen.items():
        monkeypatch.setenv(variable, value)
    if name == "no key":
        monkeypatch.delenv("OPENAI_API_KEY")


def _run(case: dict[str, Any], folder: Path) -> list[Any]:
    saved = dict(case["save"])
    if "signature" in saved:
        saved["signature"] = _signature(case)
    quire.openai.save_model(path=folder, **saved)
    return quire.pyfunc.load_model(folder).predict(_input(case["input"]), case["params"])


def _signature(case: dict[str, Any]) -> ModelSignature:
    """The signature that the recording shows as text; its JSON form where there is one."""
    if "signature" in case["mlflow"]:
        return ModelSignature.from_dict(case["mlflow"]["signature"])
    params = ParamSchema([ParamSpec("temperature", "float", 0.0)])
    signature = ModelSignature(Schema([ColSpec("string")]), Schema([ColSpec("string")]), params)
    assert repr(signature) == case["save"]["signature"]
    return signature


def _input(given: Any) -> Any:
    return pd.DataFrame(given["dataframe"]) if isinstance(given, dict) and "dataframe" in given else given


def _sent(simulator: Simulator) -> list[tuple[str, str]]:
    return sorted(
        ("?".join(filter(None, (request.path, urlencode(request.query)))), _canonical(request.body))
        for request in simulator.requests
    )


def _expected(case: dict[str, Any], different: dict[str, Any]) -> list[tuple[str, str]]:
    if "upstream" in different:
        path = different.get("path", "/v1/chat/completions")
        return sorted((path, _canonical(item)) for item in different["upstream"])
    return sorted((item["path"], _canonical(item["body"])) for item in case["upstream"])


def _canonical(value: Any) -> str:
    assert not (isinstance(value, float) and math.isnan(value))
    return json.dumps(value, sort_keys=True)


def _compare_files(folder: Path, mlflow: dict[str, Any], different: dict[str, Any]) -> None:
    written = yaml.safe_load((folder / "MLmodel").read_text())
    assert written["signature"] == different.get("signature", mlflow.get("signature"))
    if "model_yaml" in mlflow:
        assert (folder / "model.yaml").read_text() == mlflow["model_yaml"]
    if "files" in mlflow:
        assert sorted(entry.name for entry in folder.iterdir()) == mlflow["files"]
    if "MLmodel" in mlflow:
        del written["flavors"]["quire"]
        assert _without_versions(written) == _without_versions(yaml.safe_load(mlflow["MLmodel"]))


def _without_versions(mlmodel: dict[str, Any]) -> dict[str, Any]:
    mlmodel["flavors"]["openai"]["openai_version"] = "-"
    mlmodel["flavors"]["python_function"]["python_version"] = "-"
    return mlmodel | dict.fromkeys(("model_uuid", "utc_time_created", "mlflow_version"), "-")
