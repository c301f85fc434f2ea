"""The kinds of deployment: which files each is made of, and which commands carry it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import msgspec

from quire.deploy import tools
from quire.deploy.compose import compose_text
from quire.deploy.context import copy_models, endpoints_text, env_example, image_files, prepare_folder, write_files
from quire.deploy.kubernetes import kubernetes_text
from quire.deploy.plan import Plan
from quire.deploy.ray_serve import MODULE, ray_files
from quire.deploy.source import Source, find_source
from quire.deploy.variables import secrets
from quire.domain.errors import InvalidInput

Kind = Literal["docker", "compose", "kubernetes", "ray-serve"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def check_kind(kind: str) -> Kind:
    """The kind of that name. Raises InvalidInput, listing those that there are."""
    found = next((known for known in KINDS if known == kind), None)
    if found is None:
        raise InvalidInput(f"The kind of deployment is {kind!r}; expected one of {', '.join(KINDS)}.")
    return found


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that was written: its files, the commands that carry it out, the variables to set before."""

    kind: Kind
    name: str
    folder: Path
    files: list[str]
    commands: list[list[str]]
    variables: list[str]


def write(kind: Kind, plan: Plan, folder: Path, *, source: Path | None = None, overwrite: bool = False) -> Written:
    """Write a deployment into a folder. Nothing is run, and no secret is written.

    ``source`` is a checkout or a wheel of Quire for the image; by default what the running one was installed from.
    Raises AlreadyExists for a folder with files, unless ``overwrite``; NotFound or MalformedModel for a model.
    """
    origin = find_source(source)
    prepare_folder(folder, overwrite=overwrite)
    if plan.baked:
        copy_models(plan, folder)
    origin.copy_to(folder)
    files = _FILES[kind](plan, origin)
    write_files(folder, files)
    return Written(
        kind=kind,
        name=plan.name,
        folder=folder,
        files=sorted(files),
        commands=_COMMANDS[kind](plan),
        variables=[variable.name for variable in secrets(plan) if variable.required],
    )


def _compose_files(plan: Plan, source: Source) -> dict[str, str]:
    return {**image_files(plan, source), "compose.yaml": compose_text(plan)}


def _kubernetes_files(plan: Plan, source: Source) -> dict[str, str]:
    return {**image_files(plan, source), "kubernetes.yaml": kubernetes_text(plan)}


def _ray_files(plan: Plan, source: Source) -> dict[str, str]:
    texts = {"endpoints.yaml": endpoints_text(plan), "env.example": env_example(plan), ".gitignore": ".env\n"}
    return {**texts, **ray_files(plan, source)}


_FILES: dict[Kind, Callable[[Plan, Source], dict[str, str]]] = {
    "docker": image_files,
    "compose": _compose_files,
    "kubernetes": _kubernetes_files,
    "ray-serve": _ray_files,
}


def build_commands(plan: Plan) -> list[tools.Command]:
    """How the image is built."""
    return [[tools.builder(), "build", "--tag", plan.image, "."]]


def _docker(plan: Plan) -> list[tools.Command]:
    passed = [word for variable in secrets(plan) for word in ("--env", variable.name)]
    closed = ["--read-only", "--tmpfs", "/data:mode=1777", "--cap-drop", "ALL"]
    closed += ["--security-opt", "no-new-privileges"]
    published = ["--publish", f"127.0.0.1:{plan.port}:{plan.port}", "--stop-timeout", str(plan.drain_s + 10)]
    start = [tools.builder(), "run", "--detach", "--name", plan.name, *closed, *published, *passed, plan.image]
    return [*build_commands(plan), start]


def _compose(plan: Plan) -> list[tools.Command]:
    return [[tools.builder(), "compose", "up", "--build", "--detach", "--wait"]]


def _kubernetes(plan: Plan) -> list[tools.Command]:
    builder = tools.builder()
    return [
        *build_commands(plan),
        [builder, "push", plan.image],
        ["kubectl", "apply", "--filename", "kubernetes.yaml"],
        ["kubectl", "rollout", "status", f"deployment/{plan.name}", "--timeout=5m"],
    ]


def _ray(plan: Plan) -> list[tools.Command]:
    return [["serve", "run", f"{MODULE}:app"]]


_COMMANDS: dict[Kind, Callable[[Plan], list[tools.Command]]] = {
    "docker": _docker,
    "compose": _compose,
    "kubernetes": _kubernetes,
    "ray-serve": _ray,
}
