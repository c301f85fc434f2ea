"""Parameters in the words of the other API: chat's as those of a response, and the reverse. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quire.domain.calls import Task
from quire.domain.errors import InvalidInput
from quire.domain.schema import ParamSpec

SAME = frozenset(
    {
        "temperature",
        "top_p",
        "store",
        "metadata",
        "user",
        "safety_identifier",
        "service_tier",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_retention",
    }
)
"""Parameters that both APIs have under one name and with one meaning."""

_OPENED: dict[Task, dict[str, str]] = {
    "responses": {
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
        "reasoning_effort": "reasoning.effort",
        "verbosity": "text.verbosity",
        "top_logprobs": "top_logprobs",
    },
    "chat.completions": {"max_output_tokens": "max_completion_tokens"},
}
"""What a parameter is called in the other API where a caller may set it; SAME aside."""

_LOGPROBS = "message.output_text.logprobs"
Adding = Callable[[dict[str, Any], Any], bool]
"""Adds a value in the other API's words; False where it has none."""


def params_as(task: Task, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the other API in the words of ``task``. InvalidInput naming those that have no counterpart."""
    adders = _TO_RESPONSES if task == "responses" else _TO_CHAT
    found: dict[str, Any] = {}
    lost: list[str] = []
    for name, value in params.items():
        if name in SAME:
            found[name] = value
            continue
        add = adders.get(name)
        if add is None or not add(found, value):
            lost.append(name)
    if lost:
        api = "the responses API" if task == "responses" else "chat completions"
        raise InvalidInput(
            f"This model sets {', '.join(repr(name) for name in sorted(lost))}, which {api} cannot say. Ask it by its "
            "own task."
        )
    return found


def opened_as(task: Task, params: Mapping[str, ParamSpec]) -> dict[str, ParamSpec]:
    """The open parameters under the names of ``task``; those that it does not have are not open there."""
    names = _OPENED[task]
    return {
        names.get(name, name): _renamed(spec, names.get(name, name))
        for name, spec in params.items()
        if name in SAME or name in names
    }


def _renamed(spec: ParamSpec, name: str) -> ParamSpec:
    if name == spec.name:
        return spec
    return ParamSpec(
        name,
        spec.dtype,
        spec.default,
        spec.shape,
        minimum=spec.minimum,
        maximum=spec.maximum,
        choices=spec.choices,
    )


def _put(name: str) -> Adding:
    def add(found: dict[str, Any], value: Any) -> bool:
        found[name] = value
        return True

    return add


def _put_within(whole: str, part: str) -> Adding:
    def add(found: dict[str, Any], value: Any) -> bool:
        found[whole] = {**found.get(whole, {}), part: value}
        return True

    return add


def _only(*allowed: Any) -> Adding:
    """A value that says what holds anyway is left out; any other is lost."""
    return lambda _found, value: value in allowed


def _included(found: dict[str, Any]) -> None:
    if _LOGPROBS not in found.get("include", ()):
        found["include"] = [*found.get("include", ()), _LOGPROBS]


# -- chat to responses -------------------------------------------------------------------------------


def _format_to_text(found: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    made = dict(value)
    if value.get("type") == "json_schema":
        made = {"type": "json_schema", **(value.get("json_schema") or {})}
    return _put_within("text", "format")(found, made)


def _tools_to_responses(found: dict[str, Any], value: Any) -> bool:
    made = []
    for tool in value:
        kind = tool.get("type")
        if kind not in ("function", "custom"):
            return False
        body = dict(tool.get(kind) or {})
        if kind == "function":
            body = {"parameters": {}, **body, "strict": body.get("strict") or False}
        elif isinstance(body.get("format"), Mapping) and body["format"].get("type") == "grammar":
            body["format"] = {"type": "grammar", **(body["format"].get("grammar") or {})}
        made.append({"type": kind, **body})
    found["tools"] = made
    return True


def _choice_to_responses(found: dict[str, Any], value: Any) -> bool:
    if isinstance(value, str):
        found["tool_choice"] = value
        return True
    kind = value.get("type")
    if kind == "allowed_tools":
        inner = value.get("allowed_tools") or {}
        tools = [_named(tool) for tool in inner.get("tools") or ()]
        found["tool_choice"] = {"type": kind, "mode": inner.get("mode"), "tools": tools}
        return True
    if kind not in ("function", "custom"):
        return False
    found["tool_choice"] = _named(value)
    return True


def _named(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(tool.get("type"))
    return {"type": kind, "name": (tool.get(kind) or {}).get("name")}


def _logprobs_to_responses(found: dict[str, Any], value: Any) -> bool:
    if value:
        _included(found)
    return True


def _top_logprobs_to_responses(found: dict[str, Any], value: Any) -> bool:
    _included(found)
    found["top_logprobs"] = value
    return True


_TO_RESPONSES: dict[str, Adding] = {
    "max_tokens": _put("max_output_tokens"),
    "max_completion_tokens": _put("max_output_tokens"),
    "reasoning_effort": _put_within("reasoning", "effort"),
    "verbosity": _put_within("text", "verbosity"),
    "response_format": _format_to_text,
    "tools": _tools_to_responses,
    "tool_choice": _choice_to_responses,
    "logprobs": _logprobs_to_responses,
    "top_logprobs": _top_logprobs_to_responses,
    "n": _only(1),
    "modalities": _only(["text"]),
    "frequency_penalty": _only(0),
    "presence_penalty": _only(0),
    "logit_bias": _only({}),
}


# -- responses to chat -------------------------------------------------------------------------------


def _text_to_chat(found: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= {"format", "verbosity"}:
        return False
    given = value.get("format")
    if given is not None:
        made = dict(given)
        if made.get("type") == "json_schema":
            made = {"type": "json_schema", "json_schema": {k: v for k, v in given.items() if k != "type"}}
        found["response_format"] = made
    if value.get("verbosity") is not None:
        found["verbosity"] = value["verbosity"]
    return True


def _reasoning_to_chat(found: dict[str, Any], value: Any) -> bool:
    set_parts = {name for name, part in value.items() if part is not None}
    if not set_parts <= {"effort"}:
        return False
    if set_parts:
        found["reasoning_effort"] = value["effort"]
    return True


def _tools_to_chat(found: dict[str, Any], value: Any) -> bool:
    made = []
    for tool in value:
        kind = tool.get("type")
        if kind not in ("function", "custom"):
            return False
        body = {name: part for name, part in tool.items() if name != "type" and part is not None}
        if kind == "function":
            if not body.keys() <= {"name", "description", "parameters", "strict"}:
                return False
            body["strict"] = tool.get("strict") is not False
        elif isinstance(body.get("format"), Mapping) and body["format"].get("type") == "grammar":
            grammar = {name: part for name, part in body["format"].items() if name != "type"}
            body["format"] = {"type": "grammar", "grammar": grammar}
        made.append({"type": kind, kind: body})
    found["tools"] = made
    return True


def _choice_to_chat(found: dict[str, Any], value: Any) -> bool:
    if isinstance(value, str):
        found["tool_choice"] = value
        return True
    kind = value.get("type")
    if kind == "allowed_tools":
        tools = [_unnamed(tool) for tool in value.get("tools") or ()]
        found["tool_choice"] = {"type": kind, "allowed_tools": {"mode": value.get("mode"), "tools": tools}}
        return True
    if kind not in ("function", "custom"):
        return False
    found["tool_choice"] = _unnamed(value)
    return True


def _unnamed(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(tool.get("type"))
    return {"type": kind, kind: {"name": tool.get("name")}}


def _include_to_chat(found: dict[str, Any], value: Any) -> bool:
    if any(each != _LOGPROBS for each in value):
        return False
    if value:
        found["logprobs"] = True
    return True


def _top_logprobs_to_chat(found: dict[str, Any], value: Any) -> bool:
    found["logprobs"] = True
    found["top_logprobs"] = value
    return True


_TO_CHAT: dict[str, Adding] = {
    "max_output_tokens": _put("max_completion_tokens"),
    "text": _text_to_chat,
    "reasoning": _reasoning_to_chat,
    "tools": _tools_to_chat,
    "tool_choice": _choice_to_chat,
    "include": _include_to_chat,
    "top_logprobs": _top_logprobs_to_chat,
    "truncation": _only("disabled"),
    "background": _only(False),
}
