"""The tools of a Responses request: which are offered, which one is called."""

from __future__ import annotations

import re
from typing import Any

from quire.simulator.answers import Tool
from quire.simulator.errors import ApiError, invalid, missing
from quire.simulator.responses_request import ResponsesRequest
from quire.simulator.strict_schema import check_strict

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
_HOSTED = (
    "apply_patch",
    "code_interpreter",
    "computer",
    "computer_use_preview",
    "file_search",
    "image_generation",
    "local_shell",
    "mcp",
    "namespace",
    "programmatic_tool_calling",
    "shell",
    "tool_search",
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
)


def read_tools(request: ResponsesRequest) -> dict[str, Tool]:
    """The tools that can be called, by name. Hosted tools are accepted and never called. Raises ApiError (400)."""
    tools: dict[str, Tool] = {}
    for place, tool in enumerate(request.tools or ()):
        kind = tool.get("type")
        if kind in ("function", "custom"):
            read = _read_tool(tool, f"tools[{place}]")
            tools[read.name] = read
        elif kind is None:
            raise missing(f"tools[{place}].type")
        elif kind not in _HOSTED:
            raise invalid(f"tools[{place}].type", f"Invalid value: '{kind}' is no tool type.")
    return tools


def _read_tool(tool: dict[str, Any], where: str) -> Tool:
    name = tool.get("name")
    if name is None:
        raise missing(f"{where}.name")
    if not isinstance(name, str) or not _NAME.match(name):
        message = f"Invalid '{where}.name': expected letters, digits, '_' and '-', 128 at most."
        raise invalid(f"{where}.name", message)
    if tool["type"] == "custom":
        return Tool(name, None)
    schema = tool.get("parameters") or {}
    if not isinstance(schema, dict):
        message = f"Invalid type for '{where}.parameters': expected an object."
        raise ApiError(400, message, param=f"{where}.parameters", code="invalid_type")
    if tool.get("strict"):
        check_strict(schema, f"{where}.parameters", name)
    return Tool(name, schema)


def stated_tools(request: ResponsesRequest) -> list[dict[str, Any]]:
    """The tools as the answer states them: functions with every field."""
    blank = {"description": None, "parameters": None, "strict": True}
    return [
        {**blank, **tool, "parameters": tool.get("parameters") or {}} if tool["type"] == "function" else tool
        for tool in request.tools or ()
    ]


def tool_to_call(request: ResponsesRequest, tools: dict[str, Tool], *, always: bool, answered: bool) -> Tool | None:
    """The tool that the answer calls: the named one, the first one if one is required; else None."""
    choice = request.tool_choice
    if isinstance(choice, dict):
        return _chosen(choice, tools)
    if choice == "required" and not request.tools:
        raise invalid("tool_choice", "Tool choice 'required' must be specified with 'tools' parameter.")
    if choice == "none" or not tools:
        return None
    return next(iter(tools.values())) if choice == "required" or (always and not answered) else None


def _chosen(choice: dict[str, Any], tools: dict[str, Tool]) -> Tool | None:
    kind = choice.get("type")
    if kind == "allowed_tools":
        return _allowed(choice, tools)
    if kind in _HOSTED:
        return None
    if kind not in ("function", "custom"):
        raise invalid("tool_choice.type", f"Invalid value: '{kind}'. Give 'function', 'custom' or a hosted tool.")
    name = choice.get("name")
    if not isinstance(name, str):
        raise missing("tool_choice.name")
    if name not in tools:
        raise invalid("tool_choice", f"Tool choice '{name}' not found in 'tools' parameter.")
    return tools[name]


def _allowed(choice: dict[str, Any], tools: dict[str, Tool]) -> Tool | None:
    allowed = choice.get("tools")
    if not isinstance(allowed, list) or choice.get("mode") not in ("auto", "required"):
        raise invalid(
            "tool_choice", "Invalid 'tool_choice': 'allowed_tools' needs 'mode' (auto or required) and 'tools'."
        )
    names = [tool.get("name") for tool in allowed if isinstance(tool, dict)]
    found = next((tool for name, tool in tools.items() if name in names), None)
    return found if choice["mode"] == "required" else None
