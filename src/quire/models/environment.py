"""The files that say which packages a model needs: ``requirements.txt``, ``conda.yaml``, ``python_env.yaml``.

MLflow reads them to build an environment in which it loads the model with its own loader; so they name what that
loader needs, pinned, and Quire is not among them (docs/decisions/0041). Nothing is imported or resolved to find
the pins: they are the installed versions, or else those that Quire is tested with.
"""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from quire.domain.errors import InvalidInput, NotFound
from quire.models.yamltext import dump_yaml, parse_mapping

TESTED_WITH = {"mlflow": "3.17.2", "openai": "3.57.0", "tenacity": "9.2.1", "tiktoken": "0.14.0"}
"""The versions with which the tests load Quire's models in a real MLflow."""

_BUILD_TOOLS = ("pip", "setuptools", "wheel")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(@\s*\S+|\(?\s*((===?|~=|!=|<=?|>=?)[^;]+)?\)?)\s*(;.+)?\Z"
)

Requirements = str | Sequence[str] | None


@functools.cache
def installed_version(package: str) -> str | None:
    """The installed version of a distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def pinned(package: str) -> str:
    """``package==version``, installed or tested with; the bare name if neither is known."""
    version = installed_version(package) or TESTED_WITH.get(package)
    return f"{package}=={version}" if version else package


def default_requirements() -> list[str]:
    """What MLflow needs to load an OpenAI model and predict with it."""
    return [pinned(package) for package in TESTED_WITH]


def environment_files(
    pip_requirements: Requirements = None,
    extra_pip_requirements: Requirements = None,
    conda_env: Mapping[str, Any] | str | None = None,
) -> dict[str, str]:
    """The environment files by name. Raises InvalidInput for a malformed requirement or arguments that clash."""
    if conda_env is not None:
        if pip_requirements is not None or extra_pip_requirements is not None:
            raise InvalidInput(
                "`conda_env` was given together with pip requirements. Give one of conda_env, pip_requirements and "
                "extra_pip_requirements; a conda environment lists its own pip packages."
            )
        conda, requirements = _from_conda(conda_env)
        constraints: list[str] = []
    else:
        requirements, constraints = _from_pip(pip_requirements, extra_pip_requirements)
        conda = _conda(requirements)
    files = {
        "requirements.txt": "\n".join(requirements),
        "conda.yaml": dump_yaml(conda),
        "python_env.yaml": dump_yaml(_python_env(), sort_keys=False),
    }
    return files | ({"constraints.txt": "\n".join(constraints)} if constraints else {})


def _from_pip(given: Requirements, extra: Requirements) -> tuple[list[str], list[str]]:
    requirements, constraints = _read("pip_requirements", given)
    if given is None:
        requirements = default_requirements()
    more, more_constraints = _read("extra_pip_requirements", extra)
    requirements, constraints = [*requirements, *more], [*constraints, *more_constraints]
    if not any(_package(line) in {"mlflow", "mlflow-skinny"} for line in requirements):
        requirements.insert(0, pinned("mlflow"))
    return [*requirements, *(["-c constraints.txt"] if constraints else [])], constraints


def _read(argument: str, given: Requirements) -> tuple[list[str], list[str]]:
    """Requirements and constraints of a list, or of a requirements file."""
    if given is None:
        return [], []
    lines = _lines_of(Path(given)) if isinstance(given, str) else _flatten(given, Path())
    requirements: list[str] = []
    constraints: list[str] = []
    for line, constrains in lines:
        if not line.startswith("-") and not _REQUIREMENT.match(line):
            raise InvalidInput(
                f"`{argument}` holds {line!r}, which is not a requirement. Expected lines such as 'numpy>=1.26', or "
                "the path of a requirements file."
            )
        (constraints if constrains else requirements).append(line)
    return requirements, constraints


def _lines_of(path: Path, constrains: bool = False) -> Iterator[tuple[str, bool]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(f"The requirements file {str(path)!r} cannot be read: {error.strerror}.") from None
    yield from _flatten(text.replace("\\\n", "").splitlines(), path.parent, constrains)


def _flatten(lines: Sequence[str], folder: Path, constrains: bool = False) -> Iterator[tuple[str, bool]]:
    """Lines without comments; ``-r`` and ``-c`` files are read in their place."""
    for line in lines:
        text = re.sub(r"(^|\s+)#.*$", "", str(line)).strip()
        option = re.match(r"(-r|--requirement|-c|--constraint)[ =]+(.+)", text)
        if option:
            yield from _lines_of(folder / option[2].strip(), constrains or option[1] in {"-c", "--constraint"})
        elif text:
            yield text, constrains


def _package(line: str) -> str:
    match = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def _conda(requirements: list[str]) -> dict[str, Any]:
    pip = installed_version("pip")
    return {
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={platform.python_version()}",
            f"pip<={pip}" if pip else "pip",
            {"pip": requirements},
        ],
        "name": "mlflow-env",
    }


def _from_conda(given: Mapping[str, Any] | str) -> tuple[dict[str, Any], list[str]]:
    """A conda environment with mlflow among its pip packages, and those packages."""
    if isinstance(given, str):
        try:
            given = parse_mapping(Path(given).read_bytes(), given)
        except OSError as error:
            raise NotFound(f"The conda environment file {given!r} cannot be read: {error.strerror}.") from None
    dependencies = given.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise InvalidInput("`conda_env` has 'dependencies' that are not a list; see conda's environment.yaml.")
    others = [item for item in dependencies if not (isinstance(item, Mapping) and "pip" in item)]
    packages = [line for item in dependencies if isinstance(item, Mapping) for line in item.get("pip") or []]
    if not any(_package(str(line)) in {"mlflow", "mlflow-skinny"} for line in packages):
        packages.insert(0, pinned("mlflow"))
    has_pip = any(isinstance(item, str) and _package(item) == "pip" for item in others)
    return {**given, "dependencies": [*others, *([] if has_pip else ["pip"]), {"pip": packages}]}, packages


def _python_env() -> dict[str, Any]:
    versions = {package: installed_version(package) for package in _BUILD_TOOLS}
    return {
        "python": platform.python_version(),
        "build_dependencies": [f"{name}=={version}" if version else name for name, version in versions.items()],
        "dependencies": ["-r requirements.txt"],
    }
