"""Environment files: MLflow's forms, pinned, without resolving anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from quire.domain.errors import InvalidInput, NotFound
from quire.models.environment import TESTED_WITH, environment_files, installed_version, pinned

LOCK = Path(__file__).resolve().parents[2] / "requirements-mlflow.lock"
MLFLOW = pinned("mlflow")


def requirements(**arguments: Any) -> list[str]:
    return environment_files(**arguments)["requirements.txt"].splitlines()


def test_the_defaults_pin_what_mlflows_loader_needs() -> None:
    assert [line.partition("==")[0] for line in requirements()] == ["mlflow", "openai", "tenacity", "tiktoken"]
    assert pinned("openai") == f"openai=={installed_version('openai')}"
    assert not any("quire" in line for line in requirements())


def test_the_versions_tested_with_are_those_of_the_lock_file() -> None:
    locked = dict(re.findall(r"^([a-z]+)==(\S+) ", LOCK.read_text(), re.MULTILINE))
    assert {name: locked[name] for name in TESTED_WITH} == TESTED_WITH


def test_conda_and_python_environments_hold_the_same() -> None:
    files = environment_files()
    conda = yaml.safe_load(files["conda.yaml"])
    version = ".".join(map(str, sys.version_info[:3]))
    assert conda["dependencies"][0] == f"python={version}"
    assert conda["dependencies"][-1] == {"pip": requirements()}
    assert (conda["channels"], conda["name"]) == (["conda-forge"], "mlflow-env")
    assert list(yaml.safe_load(files["python_env.yaml"])) == ["python", "build_dependencies", "dependencies"]


def test_given_requirements_replace_the_defaults_and_extra_ones_follow_them() -> None:
    assert requirements(pip_requirements=["numpy>=1.26", "mlflow[extras]==3.1"]) == [
        "numpy>=1.26",
        "mlflow[extras]==3.1",
    ]
    assert requirements(pip_requirements=["numpy"]) == [MLFLOW, "numpy"]
    assert requirements(extra_pip_requirements=["foo==1"])[-1] == "foo==1"
    assert len(requirements(extra_pip_requirements=["foo==1"])) == 5


def test_a_requirements_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "main.txt").write_text("numpy  # for arrays\n\n# all else\n-r more/r.txt\n-c more/c.txt\n")
    (tmp_path / "more" / "r.txt").write_text("pandas>2 ; python_version > '3'\n")
    (tmp_path / "more" / "c.txt").write_text("scipy==1.0\n")
    files = environment_files(str(tmp_path / "main.txt"))
    assert files["requirements.txt"].splitlines() == [
        MLFLOW,
        "numpy",
        "pandas>2 ; python_version > '3'",
        "-c constraints.txt",
    ]
    assert files["constraints.txt"] == "scipy==1.0"


@pytest.mark.parametrize("line", ["not valid!!", "numpy 1.0", "==1", "a b c"])
def test_a_line_that_is_no_requirement_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match=f"`pip_requirements` holds {re.escape(repr(line))}, which is not a requir"):
        environment_files([line])


@pytest.mark.parametrize(
    "line", ["a", "a==1.0", "a[b,c]>=1,<2", "a~=1.0; sys_platform == 'x'", "a @ https://h.example/a.whl", "a (>=1)"]
)
def test_usual_requirements_are_accepted(line: str) -> None:
    assert requirements(pip_requirements=[line]) == [MLFLOW, line]


def test_a_missing_file_is_named() -> None:
    with pytest.raises(NotFound, match=r"requirements file 'nowhere.txt' cannot be read"):
        environment_files("nowhere.txt")
    with pytest.raises(NotFound, match=r"environment file 'nowhere.yaml' cannot be read"):
        environment_files(conda_env="nowhere.yaml")


def test_a_conda_environment_is_kept_with_mlflow_among_its_packages(tmp_path: Path) -> None:
    given = {"channels": ["defaults"], "dependencies": ["python=3.10", {"pip": ["bar==2"]}]}
    files = environment_files(conda_env=given)
    assert yaml.safe_load(files["conda.yaml"]) == {
        "channels": ["defaults"],
        "dependencies": ["python=3.10", "pip", {"pip": [MLFLOW, "bar==2"]}],
    }
    assert files["requirements.txt"].splitlines() == [MLFLOW, "bar==2"]
    (tmp_path / "env.yaml").write_text(yaml.safe_dump(given))
    assert environment_files(conda_env=str(tmp_path / "env.yaml")) == files


def test_arguments_that_clash_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Give one of conda_env, pip_requirements and extra_pip_requirements"):
        environment_files(["a"], conda_env={})


def test_writing_environment_files_imports_none_of_the_packages() -> None:
    code = (
        "import sys; from quire.models.environment import environment_files; environment_files(); "
        "print(sorted({'mlflow', 'openai', 'pandas', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
