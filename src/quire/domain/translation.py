"""A packaged chat model asked by OpenAI's responses API, and the reverse: messages, parameters, tools. Pure.

What is translated is what the package brings; a caller's own part is in the words of the API that it asked, and the
answer is the upstream's, in the same words. So what has no counterpart in the other API is refused when the model is
loaded, never half sent. Source: OpenAI's API reference, and its guide "Migrate to the Responses API".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from quire.domain.calls import Task
from quire.domain.errors import InvalidInput
from quire.domain.package import Package
from quire.domain.policy import CALLER_PARAMS
from quire.domain.schema import ParamSpec
from quire.domain.translated_content import input_of, messages_of
from quire.domain.translated_params import opened_as, params_as

Content = Callable[[Mapping[str, Any]], dict[str, Any]]
TRANSLATED: frozenset[Task] = frozenset({"chat.completions", "responses"})


class Asked(msgspec.Struct, frozen=True):
    """A package in the words of one API.

    ``fixed`` are its parameters there; ``constant`` those with the defaults of the open ones; ``params`` the open ones
    by name, ``object.part`` where it is a part of an object. ``content`` makes what it says out of its filled template.
    """

    fixed: dict[str, Any]
    constant: dict[str, Any]
    params: dict[str, ParamSpec]
    content: Content


def asked_by(package: Package, task: Task) -> Asked:
    """A package in the words of ``task``. InvalidInput, saying what has no counterpart, where it cannot be said."""
    fixed = {name: value for name, value in package.fixed.items() if name not in CALLER_PARAMS and value is not None}
    fixed |= fixed.pop("extra_body", None) or {}
    opened = {spec.name: spec for spec in package.signature.params or () if spec.name not in CALLER_PARAMS}
    defaults = {name: spec.default for name, spec in opened.items() if spec.default is not None}
    if task == package.task:
        return Asked(fixed, {**fixed, **defaults}, opened, dict)
    if not {task, package.task} <= TRANSLATED:
        raise InvalidInput(
            f"This model's task is {package.task!r}; it cannot be asked by {task!r}. Ask it by "
            f"{' or '.join(repr(each) for each in askable(package.task))}."
        )
    return Asked(
        params_as(task, fixed),
        params_as(task, {**fixed, **defaults}),
        opened_as(task, opened),
        _CONTENT[task],
    )


def askable(task: Task) -> tuple[Task, ...]:
    """The APIs by which a package of a task may be asked."""
    return ("chat.completions", "responses") if task in TRANSLATED else (task,)


def _as_responses(filled: Mapping[str, Any]) -> dict[str, Any]:
    messages = filled.get("messages")
    return {"input": input_of(messages)} if messages else {}


def _as_chat(filled: Mapping[str, Any]) -> dict[str, Any]:
    messages = messages_of(filled.get("input"), filled.get("instructions"))
    return {"messages": messages} if messages else {}


_CONTENT: dict[Task, Content] = {"responses": _as_responses, "chat.completions": _as_chat}
