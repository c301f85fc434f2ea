"""What a request is answered with: its echo, a recorded answer, a tool call, JSON to a schema, or simulated words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from quire.simulator.behaviour import Behaviour
from quire.simulator.draws import digest
from quire.simulator.errors import ApiError
from quire.simulator.instances import instance
from quire.simulator.recording import RecordingIndex, ToolCall
from quire.simulator.words import NOTICE, sentence

JSON_OBJECT = "json_object"
"""The format that asks for some JSON object, without a schema."""


class Tool(msgspec.Struct, frozen=True):
    """A tool that may be called; ``schema`` is that of its arguments, None for a tool that takes free text."""

    name: str
    schema: dict[str, Any] | None


class Question(msgspec.Struct, frozen=True):
    """What every task's request comes down to.

    ``message`` is the last user message; ``key`` holds all that decides the answer; ``echo`` gives the text of an
    echo; ``format`` is None, ``"json_object"`` or a JSON schema; ``tool`` is to be called.
    """

    model: str
    message: str
    key: bytes
    echo: Callable[[], str]
    format: Any = None
    tool: Tool | None = None


class Written(msgspec.Struct, frozen=True):
    """An answer: text, or calls of tools. ``source`` tells where it comes from."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    source: Literal["echo", "recording", "simulated"] = "simulated"


def write(question: Question, behaviour: Behaviour, recording: RecordingIndex | None, choice: int = 0) -> Written:
    """The answer to a question; ``choice`` numbers the answers of one request. Raises ApiError (404) as told."""
    if behaviour.echo:
        return Written(question.echo(), source="echo")
    if recording is not None:
        found = recording.find(question.message, question.model)
        if found is not None:
            return Written(found.text, found.tool_calls, "recording")
        if behaviour.unknown_question == "error":
            raise _unknown_question(question)
    key = digest(behaviour.seed.to_bytes(16, "little", signed=True), question.key, b"%d" % choice)
    if question.tool is not None:
        return Written("", (_call(question.tool, key),))
    if question.format is not None:
        return Written(_json_text(question.format, key))
    return Written(sentence(key))


def _call(tool: Tool, key: bytes) -> ToolCall:
    if tool.schema is None:
        return ToolCall(tool.name, sentence(key))
    arguments = instance({"type": "object", **tool.schema}, key)
    return ToolCall(tool.name, msgspec.json.encode(arguments).decode())


def _json_text(format: Any, key: bytes) -> str:
    value = (
        {"simulated": True, "note": NOTICE, "text": sentence(key)} if format == JSON_OBJECT else instance(format, key)
    )
    return msgspec.json.encode(value).decode()


def _unknown_question(question: Question) -> ApiError:
    shown = question.message if len(question.message) <= 120 else question.message[:117] + "..."
    return ApiError(
        404,
        f"The recording holds no answer of model '{question.model}' to: {shown!r}. Record one, or let the simulator "
        "answer with simulated text (unknown_question='simulate').",
        code="recording_missing",
        param="messages",
    )
