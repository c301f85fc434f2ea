"""Reading a model directory that Quire or any MLflow 2 or 3 wrote: data, never code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, MalformedModel
from quire.domain.outputs import OUTPUT_SCHEMAS
from quire.domain.package import (
    NEVER_FIXED,
    Package,
    compile_template,
    infer_inputs,
    plain_keywords,
    split_keywords,
)
from quire.domain.policy import refuse_fixed_and_open
from quire.domain.rows import RowReader
from quire.domain.signature import ModelSignature
from quire.domain.task import task_from_name
from quire.models.folder import LocalFolder, ModelFolder
from quire.models.mlmodel import MLMODEL, Model, read_model
from quire.models.yamltext import parse_mapping

_LOADER = "mlflow.openai"


class LoadedPackage(msgspec.Struct, frozen=True):
    """A package with its ``MLmodel`` and the directory that it was read from."""

    package: Package
    model: Model
    folder: ModelFolder


def load_package(folder: Path | str | ModelFolder, *, trust_code: bool = False) -> LoadedPackage:
    """Read a model directory.

    Code that the directory brings along stays unused unless ``trust_code`` puts it on ``sys.path``. Raises NotFound
    for a missing file and MalformedModel, naming file and key, for one that cannot be read as an OpenAI model.
    """
    source = LocalFolder(Path(folder)) if isinstance(folder, str | Path) else folder
    model = read_model(source)
    flavor = _openai_flavor(model, source.name_of(MLMODEL))
    package = _read_package(source, model, flavor)
    if trust_code and flavor.get("code"):
        _trust_code(source, str(flavor["code"]))
    return LoadedPackage(package, model, source)


def _openai_flavor(model: Model, where: str) -> dict[str, Any]:
    """The flavour entry that says where the data is."""
    function: dict[str, Any] = model.flavors.get("python_function", {})
    openai: dict[str, Any] | None = model.flavors.get("openai")
    if openai is not None:
        return {**function, **openai}
    if function.get("loader_module") == _LOADER:
        return function
    names = sorted(name for name in model.flavors if name != "python_function")
    loader = f", loader_module {function['loader_module']!r}" if "loader_module" in function else ""
    raise MalformedModel(
        f"{where} describes a model of the flavour(s) {names}{loader}. Quire loads models of the 'openai' flavour, "
        "which are data; load this one with MLflow."
    )


def _read_package(folder: ModelFolder, model: Model, flavor: Mapping[str, Any]) -> Package:
    data = flavor.get("data", "model.yaml")
    if not isinstance(data, str):
        raise MalformedModel(f"{folder.name_of(MLMODEL)}: the key 'data' is {data!r}; expected 'model.yaml'.")
    where = folder.name_of(data)
    content = parse_mapping(folder.read(data), where)
    missing = [key for key in ("model", "task") if not content.get(key)]
    if missing:
        raise MalformedModel(
            f"{where} lacks the key(s) {missing}; expected the model's name and the task, such as "
            "'model: gpt-4o-mini' and 'task: chat.completions'. Log the model again, or add them."
        )
    with _named(where):
        name, task = str(content.pop("model")), task_from_name(str(content.pop("task")))
        package = split_keywords(name, task, plain_keywords(_without_unusable(content, where)))
        return msgspec.structs.replace(package, signature=_complete(package, model.signature))


def _complete(package: Package, given: ModelSignature | None) -> ModelSignature:
    """The signature with its absent parts inferred, once it is known that the template can be filled by it."""
    signature = given or ModelSignature()
    compiled = compile_template(package)
    inputs = signature.inputs or infer_inputs(compiled.variables)
    RowReader(compiled.variables, inputs)
    refuse_fixed_and_open(package.fixed, signature.params)
    return ModelSignature(inputs, signature.outputs or OUTPUT_SCHEMAS[package.task], signature.params)


def _without_unusable(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The keywords without those that no package may fix; MLflow stored and never used them."""
    unusable = sorted(NEVER_FIXED.keys() & content.keys())
    if unusable:
        reasons = "; ".join(f"{name!r} is {NEVER_FIXED[name]}" for name in unusable)
        warnings.warn(f"{where}: left out of every request: {reasons}.", stacklevel=5)
    return {name: value for name, value in content.items() if name not in NEVER_FIXED}


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Errors about the content of a file, as MalformedModel that names the file."""
    try:
        yield
    except InvalidInput as error:
        raise MalformedModel(f"{where} cannot be used: {error.message}") from error


def _trust_code(folder: ModelFolder, code: str) -> None:
    root = folder.local().resolve()
    path = (root / code).resolve()
    if not path.is_relative_to(root):
        raise MalformedModel(f"{folder.name_of(MLMODEL)}: the key 'code' is {code!r}, outside of the model directory.")
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))
