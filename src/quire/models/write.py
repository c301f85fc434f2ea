"""Writing a model directory, whole or not at all."""

from __future__ import annotations

import errno
import functools
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import yaml

from quire._version import __version__
from quire.artifacts.base import ArtifactStore
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied, QuireError, Unavailable
from quire.domain.package import Package
from quire.domain.redaction import redact
from quire.models.environment import TESTED_WITH, Requirements, environment_files, installed_version
from quire.models.example import make_example
from quire.models.mlmodel import MLMODEL, QUIRE_FLAVOR, Model
from quire.models.yamltext import dump_yaml

MODEL_DATA = "model.yaml"
CODE = "code"
MLFLOW_TASKS = frozenset({"chat.completions", "completions", "embeddings"})
"""Tasks that MLflow's own loader can predict with; it refuses the others."""


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may add to a package when saving it, under the names of MLflow's arguments."""

    input_example: Any = None
    metadata: dict[str, Any] | None = None
    prompts: list[str] | None = None
    pip_requirements: Requirements = None
    extra_pip_requirements: Requirements = None
    conda_env: Mapping[str, Any] | str | None = None
    code_paths: Sequence[str] | None = None


class Bundle(msgspec.Struct, frozen=True):
    """The files of a model directory, ready to be written; ``code`` are local files and folders to copy."""

    model: Model
    files: dict[str, str]
    code: list[Path]


def bundle(package: Package, extras: Extras | None = None) -> Bundle:
    """The files of a package. Raises InvalidInput or NotFound for extras that cannot be stored."""
    given = extras or Extras()
    code = _code_paths(given.code_paths)
    files = {MODEL_DATA: dump_yaml(package.saved())}
    files |= environment_files(given.pip_requirements, given.extra_pip_requirements, given.conda_env)
    example = make_example(given.input_example) if given.input_example is not None else None
    model = Model.new(
        flavors=_flavors(package, bool(code)),
        signature=package.signature,
        mlflow_version=installed_version("mlflow") or TESTED_WITH["mlflow"],
        metadata=given.metadata,
        prompts=given.prompts,
        saved_input_example_info=example.info if example else None,
    )
    files |= example.files if example else {}
    files[MLMODEL] = _mlmodel_text(model)
    for name, text in files.items():
        _refuse_secret(name, text)
    return Bundle(model, files, code)


def identified(made: Bundle, **identity: Any) -> Bundle:
    """The same files for a model that is known to a store: ``identity`` are fields of ``MLmodel``."""
    model = msgspec.structs.replace(made.model, **identity)
    return Bundle(model, {**made.files, MLMODEL: model.to_yaml()}, made.code)


def _mlmodel_text(model: Model) -> str:
    try:
        return model.to_yaml()
    except yaml.YAMLError as error:
        raise InvalidInput(
            f"`metadata` or `prompts` cannot be written as YAML: {error}. Give plain values: text, numbers, lists, "
            "mappings."
        ) from None


def _flavors(package: Package, has_code: bool) -> dict[str, Any]:
    code = CODE if has_code else None
    flavors: dict[str, Any] = {
        "openai": {"openai_version": _openai_version(), "data": MODEL_DATA, "code": code},
        QUIRE_FLAVOR: {"quire_version": __version__, "data": MODEL_DATA, **_limits(package)},
    }
    if package.task in MLFLOW_TASKS:
        flavors["python_function"] = {
            "loader_module": "mlflow.openai",
            "python_version": platform.python_version(),
            "data": MODEL_DATA,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            **({"code": code} if code else {}),
        }
    return flavors


def _limits(package: Package) -> dict[str, Any]:
    limits = {spec.name: spec.limits() for spec in package.signature.params or () if spec.limits()}
    return {"params": limits} if limits else {}


@functools.cache
def _openai_version() -> str | None:
    return installed_version("openai")


def _code_paths(given: Sequence[str] | None) -> list[Path]:
    if given is None:
        return []
    if isinstance(given, str | Path):
        raise InvalidInput(f"`code_paths` is {str(given)!r}; expected a list of paths.")
    paths = [Path(item) for item in given]
    for path in paths:
        if not path.exists():
            raise NotFound(f"`code_paths` names {str(path)!r}, which does not exist.")
    return paths


def _refuse_secret(name: str, text: str) -> None:
    cleaned = redact(text)
    if cleaned != text:
        near = next(line for line in cleaned.splitlines() if "[REDACTED]" in line)
        raise InvalidInput(
            f"{name} would hold text that looks like a credential: {near.strip()[:120]!r}. A packaged model is shared "
            "as files, so credentials are never stored in it; take it out."
        )


def save_bundle(made: Bundle, folder: str | Path) -> None:
    """Write the files to a folder that does not exist or is empty.

    They are written beside it and moved there at once, so that nobody meets half a model. Raises AlreadyExists,
    PermissionDenied or Unavailable.
    """
    target = Path(folder).absolute()
    with _explained(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise _occupied(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = target.parent / f".{target.name}-{os.urandom(6).hex()}.part"
        staging.mkdir()
        try:
            _write_files(made, staging)
            os.replace(staging, target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def store_bundle(made: Bundle, store: ArtifactStore) -> None:
    """Write the files under an artifact store, ``MLmodel`` last: without it nobody takes the folder for a model."""
    for path in made.code:
        if path.is_dir():
            store.put_folder(path, f"{CODE}/{path.name}")
        else:
            store.put_file(path, f"{CODE}/{path.name}")
    for name in sorted(made.files, key=lambda name: name == MLMODEL):
        store.put_bytes(made.files[name].encode(), name)


def save_package(folder: str | Path, package: Package, extras: Extras | None = None) -> Model:
    """Write a package as an MLflow model directory; returns its ``MLmodel``."""
    made = bundle(package, extras)
    save_bundle(made, folder)
    return made.model


def _write_files(made: Bundle, folder: Path) -> None:
    for name, text in made.files.items():
        (folder / name).write_bytes(text.encode())
    for path in made.code:
        place = folder / CODE / path.name
        place.parent.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, place)


def _occupied(target: Path) -> AlreadyExists:
    return AlreadyExists(f"{str(target)!r} exists and is not empty. Name a new folder, or empty this one.")


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Errors of the disk, said in terms of the folder that was to be written."""
    try:
        yield
    except QuireError:
        raise
    except PermissionError as error:
        raise PermissionDenied(
            f"The model cannot be written to {str(target)!r}: this user may not write there ({error.strerror}). "
            "Name a folder that you may write to."
        ) from None
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise _occupied(target) from None
        if error.errno == errno.EROFS:
            raise PermissionDenied(f"{str(target)!r} is on a read-only disk; name another folder.") from None
        raise Unavailable(f"The model cannot be written to {str(target)!r}: {error.strerror or error}.") from error
