"""save_model and load_model: MLflow's arguments, every way to name a task, what is refused."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, PolicyError, QuireError, SchemaError, TemplateError
from quire.models import Model, load_package
from quire.models.signature import ModelSignature
from quire.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

MESSAGES = [{"role": "user", "content": "Tell me about {x}"}]
CLIENT = openai.OpenAI(api_key="any")


@pytest.mark.parametrize(
    "task",
    ["chat.completions", "ChatCompletion", CLIENT.chat.completions, openai.resources.chat.Completions],
    ids=["name", "old name", "client resource", "class"],
)
def test_a_task_may_be_named_in_any_way(tmp_path: Path, task: Any) -> None:
    quire.openai.save_model("gpt-4o-mini", task, tmp_path / "m", messages=MESSAGES)
    assert quire.openai.load_model(tmp_path / "m") == {
        "model": "gpt-4o-mini",
        "task": "chat.completions",
        "messages": MESSAGES,
    }


def test_all_four_tasks_are_saved(tmp_path: Path) -> None:
    for task in ("chat.completions", "completions", "embeddings", "responses"):
        quire.openai.save_model("m", task, tmp_path / task)
        assert quire.openai.load_model(str(tmp_path / task)) == {"model": "m", "task": task}


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"task": "nope"}, InvalidInput, "Unknown task 'nope'"),
        ({"messages": ["a"]}, InvalidInput, "`messages[0]` is 'a'; `messages` must be a list of mappings"),
        ({"messages": [{"role": "user", "content": "{"}]}, TemplateError, "messages[0].content: A single '{'"),
        ({"api_key": "x"}, PolicyError, "'api_key' cannot be saved with a model"),
        ({"messages": [{"role": "user", "content": "sk-abcdefghijklmnopqrstuvwx"}]}, InvalidInput, "a credential"),
        ({"user": "Bearer abcdefghijklmnopqrst"}, InvalidInput, "a credential"),
        (
            {"temperature": 1, "signature": ModelSignature(params=ParamSchema([ParamSpec("temperature", "float", 0)]))},
            PolicyError,
            "['temperature'] cannot be in the signature's params",
        ),
        ({"signature": "string -> string"}, SchemaError, "`signature` is a str; expected a ModelSignature"),
        ({"pip_requirements": ["a b"]}, InvalidInput, "`pip_requirements` holds 'a b'"),
        ({"conda_env": {}, "pip_requirements": ["a"]}, InvalidInput, "`conda_env` was given together with"),
        ({"input_example": object()}, InvalidInput, "`input_example` is a object"),
        ({"code_paths": "a"}, InvalidInput, "expected a list of paths"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_could_not_predict_is_refused_and_nothing_is_written(
    tmp_path: Path, keywords: dict[str, Any], error: type[QuireError], words: str
) -> None:
    given = {"model": "m", "task": "chat.completions", "messages": MESSAGES, **keywords}
    with pytest.raises(error, match=re.escape(words)):
        quire.openai.save_model(path=tmp_path / "m", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(AlreadyExists, match="exists and is not empty"):
        quire.openai.save_model("m", "embeddings", tmp_path)


def test_extras_reach_the_directory(tmp_path: Path) -> None:
    quire.openai.save_model(
        "m",
        "chat.completions",
        tmp_path / "m",
        messages=MESSAGES,
        input_example=["a"],
        metadata={"team": "a"},
        extra_pip_requirements=["foo==1"],
        example_no_conversion=True,
        signature=False,
        mlflow_model=Model(model_id="m-" + "0" * 32, run_id="1" * 32),
    )
    loaded = load_package(tmp_path / "m")
    assert loaded.model.metadata == {"team": "a"}
    assert (loaded.model.model_id, loaded.model.run_id) == ("m-" + "0" * 32, "1" * 32)
    assert (tmp_path / "m" / "requirements.txt").read_text().endswith("foo==1")
    assert (tmp_path / "m" / "input_example.json").read_text() == '["a"]'
    assert loaded.package.fixed == {}


def test_a_signature_of_another_library_is_read_through_its_json_form(tmp_path: Path) -> None:
    class Foreign:
        def to_dict(self) -> dict[str, Any]:
            return {"inputs": '[{"type": "string", "name": "x", "required": true}]', "outputs": None, "params": None}

    quire.openai.save_model("m", "chat.completions", tmp_path / "m", messages=MESSAGES, signature=Foreign())
    assert load_package(tmp_path / "m").package.signature.inputs == Schema([ColSpec("string", "x")])


SHARED = ("save_model", "log_model", "load_model")


@pytest.fixture(scope="module")
def mlflow_arguments(mlflow_python: Path) -> dict[str, list[str]]:
    """The arguments of MLflow's functions, which take seconds to import."""
    code = (
        "import inspect, json, mlflow.openai as o; "
        f"print(json.dumps({{name: list(inspect.signature(getattr(o, name)).parameters) for name in {SHARED}}}))"
    )
    done = subprocess.run([mlflow_python, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.mlflow
@pytest.mark.parametrize("name", SHARED)
def test_arguments_are_those_of_mlflow(name: str, mlflow_arguments: dict[str, list[str]]) -> None:
    function: Callable[..., Any] = getattr(quire.openai, name)
    ours = [parameter for parameter in inspect.signature(function).parameters if parameter != "example_no_conversion"]
    assert ours == mlflow_arguments[name]


def test_saving_and_loading_import_no_sdk_and_no_dataframes(tmp_path: Path) -> None:
    code = (
        "import sys, quire\n"
        f"quire.openai.save_model('m', 'chat.completions', {str(tmp_path / 'm')!r}, input_example=['a'])\n"
        f"quire.openai.load_model({str(tmp_path / 'm')!r})\n"
        "heavy = {'openai', 'pandas', 'numpy', 'narwhals', 'sqlalchemy', 'obstore', 'rich', 'mlflow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
