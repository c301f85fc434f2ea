"""Where a variant begins: a version of a prompt or of a model, in the words of the playground."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from quire.domain.errors import InvalidInput, TemplateError
from quire.domain.package import Package
from quire.domain.prompt_package import take_apart
from quire.domain.prompt_text import PromptTemplate, mapped
from quire.domain.prompt_uris import SCHEME
from quire.domain.prompts import PromptVersion
from quire.domain.schema import DataType, ParamSchema, ParamSpec
from quire.domain.template import parse_format, parse_prompt
from quire.playground.messages import BaseResponse, ParamField, PlaygroundTask, Variant

_ANY_TEMPLATE: PromptTemplate = [{"role": "user", "content": "."}]
_NAME = re.compile(r"[^\W\d]\w*")
_INPUT = "input"
_TASKS: tuple[PlaygroundTask, ...] = ("chat.completions", "responses")


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """A version that a variant is made of: what it fixes, and its policy (None: anything may be set)."""

    uri: str
    kind: Literal["prompt", "model"]
    name: str
    version: str
    task: PlaygroundTask
    model: str
    template: PromptTemplate
    fixed: dict[str, Any]
    policy: ParamSchema | None
    params: dict[str, Any]
    response_format: dict[str, Any] | None = None


Find = Callable[[str], Base]
"""Finds a base by its URI."""


def is_prompt(uri: str) -> bool:
    """Whether a URI is meant to name a prompt."""
    return uri.startswith(SCHEME)


def base_of_prompt(prompt: PromptVersion, task: PlaygroundTask = "chat.completions") -> Base:
    """A prompt as a base. Its model configuration is fixed beside a policy, and a beginning without one."""
    blank = msgspec.structs.replace(prompt, template=_ANY_TEMPLATE, written=None, parts=[])
    key = "messages" if task == "chat.completions" else "input"
    taken = take_apart(None, task, {key: blank})
    fixed = {name: value for name, value in taken.keywords.items() if name != key}
    free: dict[str, Any] = {}
    if prompt.params is None:
        free = {name: value for name, value in fixed.items() if name not in ("response_format", "text")}
        fixed = {name: value for name, value in fixed.items() if name not in free}
    return Base(
        uri=prompt.uri,
        kind="prompt",
        name=prompt.name,
        version=str(prompt.version),
        task=task,
        model=taken.model or "",
        template=prompt.template,
        fixed=fixed,
        policy=prompt.params,
        params=free,
        response_format=prompt.response_format,
    )


def base_of_model(package: Package, uri: str, name: str, version: str) -> Base:
    """A packaged model as a base. Raises InvalidInput for a task that has no conversation, TemplateError."""
    task = next((task for task in _TASKS if task == package.task), None)
    if task is None:
        raise InvalidInput(
            f"{uri} answers {package.task}; the playground asks models of {' and '.join(_TASKS)}. Use quire predict."
        )
    return Base(
        uri=uri,
        kind="model",
        name=name,
        version=version,
        task=task,
        model=package.model,
        template=_unpackaged(_messages(package), uri),
        fixed=dict(package.fixed),
        policy=package.signature.params or ParamSchema([]),
        params={},
    )


def described(base: Base) -> BaseResponse:
    """A base as it is sent."""
    variant = Variant(
        task=base.task,
        model=base.model,
        template=base.template,
        params=base.params,
        base=base.uri,
    )
    policy = None if base.policy is None else [_field(spec) for spec in base.policy]
    return BaseResponse(
        uri=base.uri,
        kind=base.kind,
        name=base.name,
        version=base.version,
        variant=variant,
        fixed=base.fixed,
        policy=policy,
    )


def _field(spec: ParamSpec) -> ParamField:
    kind = spec.dtype.value if isinstance(spec.dtype, DataType) else "object"
    return ParamField(
        name=spec.name,
        type=kind,
        is_list=spec.shape is not None,
        unset=spec.default,
        minimum=spec.minimum,
        maximum=spec.maximum,
        choices=None if spec.choices is None else list(spec.choices),
        expectation=spec.expectation(),
    )


def _messages(package: Package) -> list[dict[str, Any]]:
    """The package's template as one conversation; one without variables is given its input as a last message."""
    template = package.template
    found: list[dict[str, Any]] = []
    if template.get("instructions"):
        found.append({"role": "system", "content": template["instructions"]})
    given = template.get("messages") or template.get("input") or []
    found += [{"role": "user", "content": given}] if isinstance(given, str) else [dict(message) for message in given]
    if not package.variables:
        found.append({"role": "user", "content": f"{{{_input_name(package)}}}"})
    return found


def _input_name(package: Package) -> str:
    names = package.signature.inputs.input_names() if package.signature.inputs is not None else []
    return next((name for name in names if _NAME.fullmatch(name)), _INPUT)


def _unpackaged(template: PromptTemplate, uri: str) -> PromptTemplate:
    """A template with ``{name}`` as one with ``{{name}}``. Raises TemplateError where that would change it."""
    return mapped(template, lambda text: _unpackaged_text(text, uri))


def _unpackaged_text(text: str, uri: str) -> str:
    written: list[str] = []
    variables = set()
    for part in parse_format(text).segments:
        if isinstance(part, str):
            written.append(part)
            continue
        if not _NAME.fullmatch(part[0]):
            raise TemplateError(
                f"{uri} has the variable {part[0]!r}, which a prompt cannot write. Variables of prompts are words, "
                "such as {{question}}."
            )
        variables.add(part[0])
        written.append(f"{{{{{part[0]}}}}}")
    whole = "".join(written)
    if parse_prompt(whole).variables != variables:
        raise TemplateError(f"{uri} holds doubled braces as text, which a prompt would read as a variable.")
    return whole
