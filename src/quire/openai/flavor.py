"""The three calls of the flavour: save a model to a folder, log it to the tracking store, load it as a mapping.

Arguments have MLflow's names, order and meaning. What MLflow stores and never sends (``temperature=0.9`` given when
logging) is sent here; docs/mlflow.md lists every such difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quire.domain.errors import InvalidInput, SchemaError
from quire.domain.package import Package, make_package
from quire.domain.prompt_package import take_apart
from quire.domain.signature import ModelSignature
from quire.domain.task import task_name
from quire.models.environment import Requirements
from quire.models.folder import open_model
from quire.models.info import ModelInfo
from quire.models.mlmodel import Model
from quire.models.read import load_package
from quire.models.write import Extras, bundle, identified, save_bundle
from quire.openai.logging import link_prompts, log_bundle, pinned_uri

_IDENTITY = ("model_id", "model_uuid", "run_id", "artifact_path")


def save_model(
    model: str | None,
    task: Any,
    path: str | Path,
    conda_env: Mapping[str, Any] | str | None = None,
    code_paths: list[str] | None = None,
    mlflow_model: Model | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: Requirements = None,
    extra_pip_requirements: Requirements = None,
    metadata: dict[str, Any] | None = None,
    example_no_conversion: bool | None = None,
    **kwargs: Any,
) -> None:
    """Save a model to ``path``, a folder that does not exist or is empty.

    ``task`` is a name (``"chat.completions"``, ``"completions"``, ``"embeddings"``, ``"responses"``) or the matching
    resource, class or module of the OpenAI SDK. ``kwargs`` are what the task takes: ``messages``, ``prompt`` or
    ``input``, whose ``{name}`` are variables (``{{`` and ``}}`` are literal braces), and parameters such as
    ``temperature`` or ``tools``, which are fixed and sent with every request. ``signature.params`` opens parameters
    to the caller. ``example_no_conversion`` is accepted for MLflow's sake.

    A version of a registered prompt may stand where a template does (``messages=prompt``): its template, its model
    configuration, its response format and its parameter policy become the model's, where no keyword says otherwise,
    and ``MLmodel`` names it. ``model`` may then be None, if the prompt names one.

    Raises InvalidInput, TemplateError, SchemaError or PolicyError for a model that could not predict,
    AlreadyExists or PermissionDenied for a folder that cannot be written.
    """
    package, uris = _package(model, task, signature, kwargs)
    extras = Extras(
        input_example=input_example,
        metadata=metadata,
        prompts=uris or None,
        conda_env=conda_env,
        code_paths=code_paths,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
    )
    made = bundle(package, extras)
    if mlflow_model is not None:
        made = identified(made, **{name: getattr(mlflow_model, name, None) for name in _IDENTITY})
    save_bundle(made, path)


def log_model(
    model: str | None,
    task: Any,
    artifact_path: str | None = None,
    conda_env: Mapping[str, Any] | str | None = None,
    code_paths: list[str] | None = None,
    registered_model_name: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    pip_requirements: Requirements = None,
    extra_pip_requirements: Requirements = None,
    metadata: dict[str, Any] | None = None,
    prompts: list[Any] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    example_no_conversion: bool | None = None,
    **kwargs: Any,
) -> ModelInfo:
    """Log a model under the active run, or under the active experiment alone where no run is active.

    ``artifact_path`` is the older word for ``name``. ``params`` and ``tags`` are noted on the logged model, with the
    run's params; ``step`` is the run's step that made it. ``registered_model_name`` registers it as that name's next
    version. ``model_id`` names a logged model that was reserved before. For all else see :func:`save_model`.

    The run and the logged model are linked to the versions of prompts that it is made of, and to ``prompts``.

    A model that could not predict is refused before anything is stored; one whose files cannot be written is left
    with the status FAILED, and the error is raised.
    """
    if name is not None and artifact_path is not None:
        raise InvalidInput("`name` and `artifact_path` were both given; they mean the same. Give `name` alone.")
    package, uris = _package(model, task, signature, kwargs)
    used = _prompt_uris(prompts, uris)
    extras = Extras(
        input_example=input_example,
        metadata=metadata,
        prompts=used,
        conda_env=conda_env,
        code_paths=code_paths,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
    )
    info = log_bundle(
        bundle(package, extras),
        name=artifact_path if name is None else name,
        params=params,
        tags=tags,
        model_type=model_type,
        step=step,
        model_id=model_id,
    )
    if used:
        link_prompts(info, used)
    if registered_model_name is not None:
        info.registered_model_version = _register(info, registered_model_name, await_registration_for, tags)
    return info


def load_model(model_uri: str | Path, dst_path: str | Path | None = None) -> dict[str, Any]:
    """The content of a model as a mapping: ``model``, ``task`` and every keyword given when it was saved.

    ``dst_path`` names a folder to copy the model to. To predict with it, use :func:`quire.pyfunc.load_model`.
    """
    return load_package(open_model(model_uri, dst_path)).package.saved()


def _package(model: str | None, task: Any, signature: Any, keywords: Mapping[str, Any]) -> tuple[Package, list[str]]:
    """The package, and the URIs of the prompts that it is made of."""
    name = task_name(task)
    found = take_apart(model, name, keywords)
    own = _own_signature(signature)
    if found.params is not None and (own is None or own.params is None):
        own = ModelSignature(own.inputs, own.outputs, found.params) if own else ModelSignature(params=found.params)
    return make_package(found.model or "", name, found.keywords, own), found.uris


def _own_signature(given: Any) -> ModelSignature | None:
    """The signature as Quire's own; one of MLflow's is read through its JSON form, and False means none."""
    if given is None or given is False or isinstance(given, ModelSignature):
        return given or None
    if hasattr(given, "to_dict"):
        return ModelSignature.from_dict(given.to_dict())
    raise SchemaError(f"`signature` is a {type(given).__name__}; expected a ModelSignature.")


def _prompt_uris(prompts: list[Any] | None, used: list[str]) -> list[str] | None:
    """The versions that a model uses, given and found, each once; an alias stands for what it points at now."""
    if prompts is None and not used:
        return None
    given = [pinned_uri(str(getattr(prompt, "uri", prompt))) for prompt in prompts or ()]
    return list(dict.fromkeys([*used, *given]))


def _register(info: ModelInfo, name: str, wait_s: int | None, tags: dict[str, Any] | None) -> str:
    from quire.registry import register_model

    version = register_model(info.model_uri, name, await_registration_for=wait_s or 0, tags=tags)
    return str(version.version)
