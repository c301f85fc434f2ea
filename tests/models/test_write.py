"""Writing model directories: MLflow's files exactly, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quire._version import __version__
from quire.artifacts import open_artifacts
from quire.domain.calls import Task
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, QuireError
from quire.domain.package import make_package
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature
from quire.models import Extras, load_package, save_package
from quire.models.environment import pinned
from quire.models.folder import open_model
from quire.models.write import bundle, identified, store_bundle

MESSAGES = [{"role": "user", "content": "Tell me a joke about {animal}."}]
JOKE = make_package("gpt-4o-mini", "chat.completions", {"messages": MESSAGES})


def test_the_files_are_those_of_mlflow(tmp_path: Path) -> None:
    save_package(tmp_path / "m", JOKE)
    assert {entry.name for entry in (tmp_path / "m").iterdir()} == {
        "MLmodel",
        "conda.yaml",
        "model.yaml",
        "python_env.yaml",
        "requirements.txt",
    }
    assert (tmp_path / "m" / "model.yaml").read_text() == (
        "messages:\n- content: Tell me a joke about {animal}.\n  role: user\n"
        "model: gpt-4o-mini\ntask: chat.completions\n"
    )
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["m"]


def test_mlmodel_holds_what_mlflow_writes_and_a_flavour_of_quires_own(tmp_path: Path) -> None:
    model = save_package(tmp_path / "m", JOKE)
    text = (tmp_path / "m" / "MLmodel").read_text()
    assert text == (
        "flavors:\n"
        "  openai:\n"
        "    code: null\n"
        "    data: model.yaml\n"
        f"    openai_version: {pinned('openai').partition('==')[2]}\n"
        "  python_function:\n"
        "    data: model.yaml\n"
        "    env:\n"
        "      conda: conda.yaml\n"
        "      virtualenv: python_env.yaml\n"
        "    loader_module: mlflow.openai\n"
        f"    python_version: {platform.python_version()}\n"
        "  quire:\n"
        "    data: model.yaml\n"
        f"    quire_version: {__version__}\n"
        "is_signature_from_type_hint: false\n"
        f"mlflow_version: {model.mlflow_version}\n"
        "model_id: null\n"
        f"model_uuid: {model.model_uuid}\n"
        "prompts: null\n"
        "signature:\n"
        '  inputs: \'[{"type": "string", "required": true}]\'\n'
        '  outputs: \'[{"type": "string", "required": true}]\'\n'
        "  params: null\n"
        "type_hint_from_example: false\n"
        f"utc_time_created: '{model.utc_time_created}'\n"
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", model.utc_time_created)
    assert re.fullmatch(r"[0-9a-f]{32}", model.model_uuid or "")


def test_limits_live_where_mlflow_ignores_them_and_come_back(tmp_path: Path) -> None:
    params = ParamSchema(
        [
            ParamSpec("temperature", "float", 0.2, minimum=0, maximum=2),
            ParamSpec("effort", "string", "low", choices=["low", "high"]),
            ParamSpec("seed", "long", None),
        ]
    )
    package = make_package("m", "chat.completions", {}, ModelSignature(params=params))
    save_package(tmp_path / "m", package)
    mlmodel = yaml.safe_load((tmp_path / "m" / "MLmodel").read_text())
    assert mlmodel["flavors"]["quire"]["params"] == {
        "temperature": {"minimum": 0, "maximum": 2},
        "effort": {"choices": ["low", "high"]},
    }
    assert "minimum" not in mlmodel["signature"]["params"]
    assert load_package(tmp_path / "m").package == package


def test_a_task_that_mlflow_refuses_has_no_loader_of_mlflows(tmp_path: Path) -> None:
    model = save_package(tmp_path / "m", make_package("m", "responses", {"input": "Say {x}"}))
    assert sorted(model.flavors) == ["openai", "quire"]
    assert load_package(tmp_path / "m").package.task == "responses"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["chat.completions", "completions", "embeddings", "responses"]),
    st.dictionaries(st.from_regex(r"z[a-z]{1,5}", fullmatch=True), json_values, max_size=3),
    st.text(min_size=1).filter(str.strip),
)
def test_any_package_comes_back_as_it_was(tmp_path: Path, task: Task, keywords: dict[str, Any], model: str) -> None:
    try:
        package = make_package(model, task, keywords)
    except QuireError:
        return
    folder = tmp_path / os.urandom(8).hex()
    save_package(folder, package)
    assert load_package(folder).package == package


def test_a_name_that_yaml_would_read_as_another_type_stays_text(tmp_path: Path) -> None:
    for number, name in enumerate(["yes", "null", "1e3", "0x1", "2026-01-01", "~", "é✓\u2028", "a: b # c"]):
        save_package(tmp_path / str(number), make_package(name, "embeddings", {}))
        assert load_package(tmp_path / str(number)).package.model == name


# -- the target ------------------------------------------------------------------------------------------


def test_parents_are_made_and_an_empty_folder_is_filled(tmp_path: Path) -> None:
    save_package(tmp_path / "a" / "b", JOKE)
    (tmp_path / "empty").mkdir()
    save_package(tmp_path / "empty", JOKE)
    assert load_package(tmp_path / "empty").package == JOKE


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "note").write_text("mine")
    with pytest.raises(AlreadyExists, match=r"exists and is not empty. Name a new folder, or empty this one"):
        save_package(tmp_path / "m", JOKE)
    assert [entry.name for entry in (tmp_path / "m").iterdir()] == ["note"]
    with pytest.raises(AlreadyExists):
        save_package(tmp_path / "m" / "note", JOKE)


def test_a_read_only_directory_is_named(unprivileged: Any) -> None:
    said = unprivileged("""
        from quire.domain.package import make_package
        from quire.models import save_package

        def work(folder):
            try:
                save_package(folder / "m", make_package("m", "embeddings", {}))
            except Exception as error:
                print(type(error).__name__, error)
        """)
    assert said.startswith("PermissionDenied")
    assert f"The model cannot be written to '{unprivileged.folder}/m': this user may not write there" in said


def test_a_disk_without_room_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: writing fails in the middle of the model."""
    program = f"""
import resource, signal
from quire.domain.package import make_package
from quire.models import save_package
package = make_package("m", "completions", {{"prompt": "long " * 10_000}})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save_package({str(tmp_path / "m")!r}, package)
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Unavailable The model cannot be written to '{tmp_path}/m': File too large")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(QuireError, match="cannot be written"):
        save_package(tmp_path / "m", JOKE, Extras(code_paths=[str(tmp_path / "code")]))
    assert [entry.name for entry in tmp_path.iterdir()] == ["code"]


def test_nobody_sees_half_a_model(tmp_path: Path) -> None:
    target, seen, stop = tmp_path / "m", set(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                seen.add(len(list(target.iterdir())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _again in range(50):
        save_package(target, JOKE)
        os.rename(target, tmp_path / os.urandom(4).hex())
    stop.set()
    watcher.join()
    assert seen <= {5}


def test_of_two_writers_one_wins(tmp_path: Path) -> None:
    outcomes: list[str] = []

    def save() -> None:
        try:
            save_package(tmp_path / "m", JOKE)
            outcomes.append("saved")
        except QuireError as error:
            outcomes.append(type(error).__name__)

    writers = [threading.Thread(target=save) for _n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(outcomes) == ["AlreadyExists"] * 7 + ["saved"]
    assert load_package(tmp_path / "m").package == JOKE


# -- extras ----------------------------------------------------------------------------------------------


def test_metadata_and_prompts_are_kept(tmp_path: Path) -> None:
    save_package(tmp_path / "m", JOKE, Extras(metadata={"team": {"a": 1}}, prompts=["prompts:/p/1"]))
    model = load_package(tmp_path / "m").model
    assert (model.metadata, model.prompts) == ({"team": {"a": 1}}, ["prompts:/p/1"])


@pytest.mark.parametrize(
    ("extras", "file"),
    [
        ({"metadata": {"key": "sk-abcdefghijklmnopqrstuvwx"}}, "MLmodel"),
        ({"input_example": ["sk-abcdefghijklmnopqrstuvwx"]}, "input_example.json"),
        ({"extra_pip_requirements": ["a @ https://user:hunter22@host.example/a.whl"]}, "requirements.txt"),
    ],
)
def test_a_secret_in_any_file_is_refused(tmp_path: Path, extras: dict[str, Any], file: str) -> None:
    with pytest.raises(InvalidInput, match=f"{file} would hold text that looks like a credential") as caught:
        save_package(tmp_path / "m", JOKE, Extras(**extras))
    assert "abcdefghijkl" not in str(caught.value)
    assert not (tmp_path / "m").exists()


def test_metadata_that_yaml_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="`metadata` or `prompts` cannot be written as YAML"):
        save_package(tmp_path / "m", JOKE, Extras(metadata={"a": object()}))


def test_code_is_copied_and_named_in_both_flavours(tmp_path: Path) -> None:
    (tmp_path / "pack" / "__pycache__").mkdir(parents=True)
    (tmp_path / "pack" / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_text("y = 2")
    model = save_package(tmp_path / "m", JOKE, Extras(code_paths=[str(tmp_path / "pack"), str(tmp_path / "b.py")]))
    code = tmp_path / "m" / "code"
    assert sorted(str(path.relative_to(code)) for path in code.rglob("*")) == ["b.py", "pack", "pack/a.py"]
    assert model.flavors["openai"]["code"] == model.flavors["python_function"]["code"] == "code"


@pytest.mark.parametrize(
    ("paths", "error", "words"),
    [("pack", InvalidInput, "expected a list of paths"), (["nowhere"], NotFound, "'nowhere', which does not exist")],
)
def test_code_paths_must_exist(tmp_path: Path, paths: Any, error: type[QuireError], words: str) -> None:
    with pytest.raises(error, match=words):
        save_package(tmp_path / "m", JOKE, Extras(code_paths=paths))


# -- artifact stores ---------------------------------------------------------------------------------------


def test_files_under_an_artifact_store_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    made = bundle(JOKE, Extras(code_paths=[str(tmp_path / "a.py")]))
    whole = identified(made, model_id="m-" + "0" * 32)
    store_bundle(whole, open_artifacts(str(tmp_path / "stored")))
    loaded = load_package(open_model(str(tmp_path / "stored")))
    assert loaded.package == JOKE
    assert loaded.model.model_id == "m-" + "0" * 32
    assert (tmp_path / "stored" / "code" / "a.py").read_text() == "x = 1"
    assert made.model.model_id is None


def test_dst_path_gets_a_copy(tmp_path: Path) -> None:
    save_package(tmp_path / "m", JOKE)
    loaded = load_package(open_model(str(tmp_path / "m"), tmp_path / "copy"))
    assert loaded.package == JOKE
    assert (tmp_path / "copy" / "MLmodel").read_bytes() == (tmp_path / "m" / "MLmodel").read_bytes()
