"""The files that every kind of deployment has: endpoints, models, versions, the Dockerfile, the names of variables."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from quire.deploy.dockerfile import dockerfile, dockerignore
from quire.deploy.plan import Plan
from quire.deploy.source import Source, installed_versions
from quire.deploy.variables import optional_settings, secrets
from quire.domain.endpoint_files import endpoint_fields
from quire.domain.errors import AlreadyExists, InvalidInput
from quire.domain.uris import LocationUri, is_local, parse_model_uri
from quire.models.yamltext import dump_yaml

READABLE = 0o644
ENTERABLE = 0o755
"""Modes of what is copied into an image, where a user without rights must read it, whatever the mask here is."""


def prepare_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Make the folder that is written to. Raises AlreadyExists for one that holds something, unless told so."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{str(folder)!r} is a file; expected a folder to write to.")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise AlreadyExists(
            f"{str(folder)!r} holds files already. Name another folder, or add --overwrite: what is written anew "
            "replaces what has its name, and everything else stays."
        )
    folder.mkdir(parents=True, exist_ok=True)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts by their names."""
    for name, text in files.items():
        place = folder / name
        place.write_text(text, encoding="utf-8")
        place.chmod(READABLE)


def image_files(plan: Plan, source: Source) -> dict[str, str]:
    """The texts that an image is built from, and what tells how to run it."""
    return {
        "Dockerfile": dockerfile(plan, source),
        ".dockerignore": dockerignore(plan, source),
        "versions.txt": installed_versions(),
        "endpoints.yaml": endpoints_text(plan),
        "env.example": env_example(plan),
        ".gitignore": "# Secrets.\n.env\n",
    }


def endpoints_text(plan: Plan) -> str:
    """The file of endpoints that the server reads."""
    lines = ["# What is served. docs/serving.md explains the fields."]
    lines += [f"# {place} is {_copied(uri)}" for place, uri in sorted(plan.sources.items())]
    fields = [endpoint_fields(endpoint) for endpoint in plan.endpoints]
    return "\n".join([*lines, dump_yaml({"endpoints": fields}, sort_keys=False)])


def _copied(uri: str) -> str:
    """A model that is copied, as a person knows it: an alias with the version that it was."""
    parsed = parse_model_uri(uri)
    if isinstance(parsed, LocationUri):
        return "a folder of the machine where this was written" if is_local(uri) else uri
    from quire.registry import resolve_model_uri

    version = resolve_model_uri(uri).version
    return uri if version is None else f"{uri}, version {version}"


def env_example(plan: Plan) -> str:
    """The variables that the server reads, without a value."""
    lines = ["# Copy this file to .env, fill it in, and keep it out of version control."]
    for variable in secrets(plan):
        lines += [f"# {variable.purpose}", f"{'' if variable.required else '#'}{variable.name}="]
    lines += ["# Where requests go, unless endpoints.yaml says so:"]
    lines += [f"#{name}=" for name in optional_settings(plan)]
    return "".join(f"{line}\n" for line in lines)


def copy_models(plan: Plan, folder: Path) -> None:
    """Copy the models that are baked in; each is read first, so that an image never holds one that cannot be served.

    Raises NotFound or MalformedModel.
    """
    from quire.models.folder import open_model
    from quire.models.read import load_package

    for place in sorted(plan.sources):
        load_package(open_model(plan.sources[place]))
    shutil.rmtree(folder / "models", ignore_errors=True)
    for place, uri in sorted(plan.sources.items()):
        target = folder / place
        target.parent.mkdir(exist_ok=True)
        copied = open_model(uri).local()
        shutil.copytree(copied, target, ignore=shutil.ignore_patterns("__pycache__"))
    _open_to_all(folder / "models")


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.exists():
            path.chmod(ENTERABLE if path.is_dir() else READABLE)
