"""Which task is meant by a name, class, module or client resource of the OpenAI SDK.

Nothing of the SDK is imported or called: an object is known by the names of its type and module, so that the task
is found without a key, for any version of the SDK.
"""

from __future__ import annotations

import re
from types import FunctionType, MethodType, ModuleType
from typing import Any

from quire.domain.calls import TASK_PATHS, Task
from quire.domain.errors import InvalidInput

_NAMES: dict[str, Task] = {
    "chat": "chat.completions",
    "chat.completion": "chat.completions",
    "chat.completions": "chat.completions",
    "chatcompletion": "chat.completions",
    "chatcompletions": "chat.completions",
    "completion": "completions",
    "completions": "completions",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "response": "responses",
    "responses": "responses",
}
_PREFIXES = re.compile(r"^(?:openai\.|/?v1/|llm/v1/)+")
_WRAPPERS = re.compile(r"^Async|(?:Proxy|WithRawResponse|WithStreamingResponse)$")


def task_from_name(name: str) -> Task:
    """The task of a name in any of the spellings that MLflow or OpenAI have used. Raises InvalidInput."""
    plain = _PREFIXES.sub("", name.strip()).removesuffix(".create").replace("/", ".").replace("_", ".").lower()
    task = _NAMES.get(plain)
    if task is None:
        raise _unknown(name)
    return task


def task_name(task: Any) -> Task:
    """The task that a user means by ``task``. Raises InvalidInput, listing the tasks.

    Accepted are a name (``"chat.completions"``), a resource of the module or of a client
    (``openai.chat.completions``, ``client.responses``), its ``create`` method, its class, its module, and the
    classes of SDK versions before 1 (``openai.ChatCompletion``).
    """
    if issubclass(type(task), str):
        return task_from_name(task)
    found = _task_of_sdk(*_origin(task))
    if found is None:
        raise _unknown(task)
    return found


def _origin(task: Any) -> tuple[str, str]:
    """Module and name under which an SDK object is defined; a method counts as what it belongs to.

    Only the type is looked at: a lazy resource of the module would make a client, which needs a key.
    """
    kind = type(task)
    if issubclass(kind, ModuleType):
        module, _, name = task.__name__.rpartition(".")
        return module, name
    if issubclass(kind, MethodType):
        kind = type(task.__self__)
    elif issubclass(kind, type | FunctionType):
        kind = task
    return kind.__module__, kind.__qualname__.partition(".")[0]


def _task_of_sdk(module: str, name: str) -> Task | None:
    parts = module.split(".")
    if parts[0] != "openai":
        return None
    plain = _WRAPPERS.sub("", _WRAPPERS.sub("", name)).lower()
    if plain in {"completion", "completions"} and "chat" in parts:
        return "chat.completions"
    return _NAMES.get(plain)


def _unknown(task: Any) -> InvalidInput:
    shown = repr(task[:120]) if issubclass(type(task), str) else ".".join(_origin(task)).lstrip(".")
    known = ", ".join(repr(name) for name in TASK_PATHS)
    return InvalidInput(
        f"Unknown task {shown}. Expected one of {known}, or the matching resource of the OpenAI SDK, "
        "such as openai.chat.completions."
    )
