"""Reading model directories: every layout that MLflow 2 and 3 wrote, and what is said of broken ones."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.domain.errors import InvalidInput, MalformedModel, NotFound
from quire.domain.schema import ColSpec, ParamSchema, ParamSpec, Schema
from quire.models import Model, get_model_info, load_package
from quire.models.yamltext import MAX_BYTES
from quire.pyfunc import load_model

Directory = Callable[..., Path]

SIGNATURE_2_8 = {
    "inputs": '[{"type": "string", "name": "q"}]',
    "outputs": '[{"type": "string"}]',
    "params": '[{"name": "temperature", "type": "float", "default": 0.1, "shape": null}]',
}
MLMODEL_2_8 = {
    "flavors": {
        "openai": {"code": None, "data": "model.yaml", "openai_version": "0.28.1"},
        "python_function": {
            "data": "model.yaml",
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.openai",
            "python_version": "3.11.7",
        },
    },
    "mlflow_version": "2.8.1",
    "model_uuid": "8580836520d442a58fc9c355c51a4929",
    "signature": SIGNATURE_2_8,
    "utc_time_created": "2026-11-25 10:26:47.694817",
}
MLMODEL_2_3 = """\
    artifact_path: model
    flavors:
      openai:
        code: null
        data: model.yaml
        openai_version: 0.27.2
      python_function:
        data: model.yaml
        env: conda.yaml
        loader_module: mlflow.openai
        python_version: 3.8.16
    mlflow_version: 2.3.0
    model_uuid: 1f3b0a3c7a6f4a6b9c0d8e7f6a5b4c3d
    run_id: 0123456789abcdef0123456789abcdef
    utc_time_created: 2023-04-28 09:10:11.121314
    """


def planned(folder: Path, *rows: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return [call.body for call in load_package(folder).package.planner(params).plan(rows)]


# -- layouts -----------------------------------------------------------------------------------------


def test_what_mlflow_3_saves(directory: Directory) -> None:
    folder = directory()
    loaded = load_package(folder)
    assert loaded.model.mlflow_version == "3.17.2"
    assert loaded.model.model_id is None
    assert planned(folder, "cats") == [
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Tell me a joke about cats."}]}
    ]


def test_what_mlflow_3_logs(directory: Directory, mlflow_3: dict[str, Any]) -> None:
    model_id = "m-153f1e6918f54fdfa133ff1176f588bf"
    logged = {"model_id": model_id, "model_uuid": model_id, "run_id": "0" * 32, "artifact_path": "/x/artifacts"}
    info = get_model_info(directory({**mlflow_3, **logged, "metadata": {"a": 1}, "prompts": ["prompts:/p/1"]}))
    assert (info.model_id, info.run_id, info.artifact_path) == (model_id, "0" * 32, "/x/artifacts")
    assert info.metadata == {"a": 1}
    assert info.prompts == ["prompts:/p/1"]


def test_what_mlflow_2_22_saves_without_a_model_id(directory: Directory, mlflow_3: dict[str, Any]) -> None:
    del mlflow_3["model_id"]
    loaded = load_package(directory(mlflow_3 | {"mlflow_version": "2.22.0"}))
    assert loaded.model.model_id is None


def test_what_mlflow_2_8_saves_with_params_and_another_column_name(directory: Directory) -> None:
    folder = directory(MLMODEL_2_8)
    signature = load_package(folder).package.signature
    assert signature.inputs == Schema([ColSpec("string", "q")])
    assert signature.params == ParamSchema([ParamSpec("temperature", "float", 0.1)])
    (body,) = planned(folder, {"q": "cats", "id": 1}, params={"temperature": 1})
    assert body["messages"][0]["content"] == "Tell me a joke about cats."
    assert body["temperature"] == 1.0


def test_what_mlflow_2_3_saves_without_a_signature(directory: Directory) -> None:
    folder = directory(
        MLMODEL_2_3,
        {"model": "text-davinci-003", "prompt": "Say {text}", "task": "completions", "temperature": 0.5},
        **{
            "openai.yaml": "OPENAI_API_KEY: scope:openai_api_key\n",
            "conda.yaml": "channels: [conda-forge]\ndependencies:\n- python=3.8.16\n- pip:\n  - mlflow\n",
        },
    )
    info = get_model_info(folder)
    assert info.utc_time_created == "2023-04-28 09:10:11.121314"
    assert info.signature is None
    assert planned(folder, "one", {"text": "two"}) == [
        {"model": "text-davinci-003", "prompt": ["Say one", "Say two"], "temperature": 0.5}
    ]


def test_the_openai_flavour_alone_is_enough(directory: Directory) -> None:
    folder = directory({"flavors": {"openai": {"openai_version": "1.0.0"}}})
    assert load_package(folder).package.model == "gpt-4o-mini"


def test_the_function_flavour_alone_is_enough_if_it_is_loaded_by_mlflows_openai(directory: Directory) -> None:
    folder = directory({"flavors": {"python_function": {"loader_module": "mlflow.openai", "data": "model.yaml"}}})
    assert load_package(folder).package.model == "gpt-4o-mini"


@pytest.mark.parametrize("task", ["ChatCompletion", "openai.ChatCompletion", "chat.completions", "llm/v1/chat"])
def test_every_spelling_of_the_task_is_read(directory: Directory, task: str) -> None:
    assert load_package(directory(model={"model": "m", "task": task})).package.task == "chat.completions"


def test_repeated_values_written_as_aliases_are_read(directory: Directory) -> None:
    model = """\
        messages:
        - &id001 {role: user, content: "{x}"}
        - *id001
        model: m
        task: chat.completions
        """
    assert planned(directory(model=model), "a")[0]["messages"] == [{"role": "user", "content": "a"}] * 2


def test_unknown_and_repeated_keys_are_tolerated_and_kept(directory: Directory) -> None:
    folder = directory("model_size_bytes: 12\nfuture: {a: 1}\nmodel_uuid: a\nmodel_uuid: b\nflavors: {openai: {}}\n")
    model = load_package(folder).model
    assert model.model_uuid == "b"
    assert model.to_dict()["future"] == {"a": 1}
    assert model.to_dict()["model_size_bytes"] == 12


def test_keywords_that_mlflow_kept_and_never_sent_are_left_out_with_a_warning(directory: Directory) -> None:
    model = {"model": "m", "task": "chat.completions", "deployment_id": "d", "api_key": "k", "stream": True}
    with pytest.warns(
        UserWarning, match="left out of every request: 'api_key' is a credential.*'deployment_id' is where"
    ):
        loaded = load_package(directory(model=model))
    assert loaded.package.saved() == {"model": "m", "task": "chat.completions"}


def test_nothing_is_warned_of_otherwise(directory: Directory) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_package(directory())


# -- code ----------------------------------------------------------------------------------------------


def test_code_is_used_only_when_trusted(
    directory: Directory, mlflow_3: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow_3["flavors"]["openai"]["code"] = "code"
    folder = directory(mlflow_3)
    (folder / "code").mkdir()
    monkeypatch.setattr(sys, "path", list(sys.path))
    load_package(folder)
    assert str(folder / "code") not in sys.path
    load_package(folder, trust_code=True)
    load_package(folder, trust_code=True)
    assert sys.path.count(str(folder / "code")) == 1


def test_trusted_code_must_lie_inside(directory: Directory, mlflow_3: dict[str, Any]) -> None:
    mlflow_3["flavors"]["openai"]["code"] = "../elsewhere"
    with pytest.raises(MalformedModel, match=r"the key 'code' is '../elsewhere', outside of the model directory"):
        load_package(directory(mlflow_3), trust_code=True)


# -- broken directories ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mlmodel", "words"),
    [
        ("", "MLmodel holds nothing; expected a mapping"),
        ("- a\n", "MLmodel holds a list; expected a mapping"),
        ("just text", "MLmodel holds a str; expected a mapping"),
        ("a: [", "MLmodel is not YAML that a model may hold"),
        ("a: \x01", "MLmodel is not YAML that a model may hold"),
        ("run_id: a\n", "MLmodel: the key 'flavors' is None; expected a mapping of flavours"),
        ("flavors: [openai]\n", "MLmodel: the key 'flavors' is ['openai']"),
        ("flavors: {openai: model.yaml}\n", "MLmodel: the key 'flavors' is"),
        ("flavors: {openai: {data: 3}}\n", "MLmodel: the key 'data' is 3"),
        ("flavors: {openai: {}}\nsignature: [1]\n", "MLmodel: the key 'signature' is [1]"),
        (
            "flavors: {openai: {}}\nsignature: {inputs: 'x'}\n",
            "MLmodel: the key 'signature' cannot be read. The signature's schema is not a JSON list",
        ),
        (
            "flavors: {openai: {}, quire: {params: {t: {most: 1}}}}\n"
            'signature: {params: \'[{"name": "t", "type": "float", "default": 1}]\'}\n',
            "MLmodel: the key 'signature' cannot be read",
        ),
        ("x: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        (
            "flavors: {sklearn: {}, python_function: {loader_module: mlflow.sklearn}}\n",
            "a model of the flavour(s) ['sklearn'], loader_module 'mlflow.sklearn'. Quire loads models of the 'openai'",
        ),
    ],
)
def test_a_malformed_mlmodel_is_named_with_key_and_expectation(directory: Directory, mlmodel: str, words: str) -> None:
    folder = directory(mlmodel)
    with pytest.raises(MalformedModel) as caught:
        load_package(folder)
    assert words in caught.value.message
    assert str(folder) in caught.value.message


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("", "holds nothing"),
        ("model: m\n", "lacks the key(s) ['task']"),
        ("task: embeddings\nmodel: ''\n", "lacks the key(s) ['model']"),
        ("model: m\ntask: images\n", "cannot be used: Unknown task 'images'"),
        ("model: m\ntask: chat.completions\nmessages: [a]\n", "`messages[0]` is 'a'"),
        (
            "model: m\ntask: chat.completions\nmessages: [{role: user, content: '{\"a\": 1}'}]\n",
            "messages[0].content: '{\"a\": 1}', which is not a variable name",
        ),
        ("model: m\ntask: completions\nprompt: '{'\n", "prompt: A single '{'"),
        ("model: m\ntask: completions\nprompt: [1]\n", "`prompt` is [1]; expected text"),
    ],
)
def test_a_malformed_model_yaml_is_named_with_key_and_expectation(directory: Directory, model: str, words: str) -> None:
    folder = directory(model=model)
    with pytest.raises(MalformedModel) as caught:
        load_package(folder)
    assert words in caught.value.message
    assert str(folder / "model.yaml") in caught.value.message


@pytest.mark.parametrize("data", ["../model.yaml", "/etc/passwd", "a/../../model.yaml", "..%2fmodel.yaml", "a\\b", ""])
def test_a_path_out_of_the_directory_is_refused(directory: Directory, mlflow_3: dict[str, Any], data: str) -> None:
    mlflow_3["flavors"]["openai"]["data"] = data
    with pytest.raises(MalformedModel, match="names a file outside of the model directory"):
        load_package(directory(mlflow_3))


def test_a_link_out_of_the_directory_is_refused(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("model: m\ntask: embeddings\n")
    folder = directory(model=None)
    (folder / "model.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(MalformedModel, match="is a link that leads out of the model directory"):
        load_package(folder)


@pytest.mark.parametrize("path", ["a" * 10_000, "a\0b", "\ud800", "file:///a%00b"])
def test_a_path_that_no_folder_can_have(path: str) -> None:
    with pytest.raises(InvalidInput, match=r"is no path: .* Give a folder") as refused:
        load_model(path)
    assert len(refused.value.message) < 300


def test_a_missing_file_is_named_with_what_is_there(directory: Directory, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no file .*nowhere/MLmodel.*The folder does not exist"):
        load_package(tmp_path / "nowhere")
    folder = directory(mlmodel=None)
    with pytest.raises(NotFound, match=r"A model directory holds MLmodel and model.yaml; .* holds \['model.yaml'\]"):
        load_package(folder)
    with pytest.raises(NotFound, match=r"model\.yaml"):
        load_package(_without(directory(), "model.yaml"))


def test_a_file_that_may_not_be_read_is_named(unprivileged: Any) -> None:
    (unprivileged.folder / "MLmodel").write_text("flavors: {openai: {}}")
    (unprivileged.folder / "MLmodel").chmod(0)
    said = unprivileged("""
        from quire.models import load_package

        def work(folder):
            try:
                load_package(folder)
            except Exception as error:
                print(type(error).__name__, error)
        """)
    assert said.startswith("PermissionDenied")
    assert "MLmodel' may not be read by this user" in said


def test_a_bomb_of_aliases_is_refused(directory: Directory) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(MalformedModel, match="stands for more than 1,000,000 values"):
        load_package(directory("\n".join(lines)))


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "&a b: {c: &d {e: *d}}\n"])
def test_a_value_that_contains_itself_is_refused(directory: Directory, text: str) -> None:
    with pytest.raises(MalformedModel, match="contains itself"):
        load_package(directory(text))


def test_deep_nesting_is_refused(directory: Directory) -> None:
    with pytest.raises(MalformedModel, match=r"is not YAML that a model may hold|nested too deeply"):
        load_package(directory("a: " + "[" * 50_000 + "]" * 50_000))


def test_a_huge_file_is_refused_unread(directory: Directory) -> None:
    folder = directory()
    with (folder / "MLmodel").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(MalformedModel, match=re.escape(f"a model's file has at most {MAX_BYTES:,}")):
        load_package(folder)


def test_model_load_takes_a_directory_or_the_file(directory: Directory) -> None:
    folder = directory()
    assert Model.load(folder) == Model.load(folder / "MLmodel") == Model.load(str(folder))
    assert get_model_info(str(folder)).model_uri == str(folder)


def _without(folder: Path, name: str) -> Path:
    (folder / name).unlink()
    return folder
