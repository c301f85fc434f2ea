"""What a chat request must obey beyond the types of its fields."""

from __future__ import annotations

from typing import Any

from quire.simulator import chat_request as wire
from quire.simulator.capabilities import check_sampling, reasons, unsupported
from quire.simulator.chat_prompt import content_text
from quire.simulator.errors import ApiError, invalid, missing
from quire.simulator.strict_schema import check_strict


def check(request: wire.ChatRequest, model: str) -> None:
    """Raise ApiError (400) for the first rule that the request breaks."""
    _check_lengths(request, model)
    _check_logprobs(request)
    _check_tools(request)
    _check_conversation(request.messages)
    _check_format(request)
    if request.stream_options is not None and not request.stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise invalid("stream_options", message)
    if request.modalities and "audio" in request.modalities:
        raise invalid("modalities", "The simulator makes no audio. Ask for modalities=['text'].", "unsupported_value")
    for key in request.logit_bias or ():
        if not key.isdecimal():
            raise invalid("logit_bias", f"Invalid key in 'logit_bias': {key}. Keys are token ids.", "invalid_key")


def _check_lengths(request: wire.ChatRequest, model: str) -> None:
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise invalid("max_tokens", message)
    if request.max_tokens is not None and reasons(model):
        raise unsupported("max_tokens", "Use 'max_completion_tokens' instead.")
    check_sampling(model, request.temperature, request.top_p)


def _check_logprobs(request: wire.ChatRequest) -> None:
    if request.top_logprobs is not None and not request.logprobs:
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise invalid("top_logprobs", message)


def _check_tools(request: wire.ChatRequest) -> None:
    if request.tools is not None and not request.tools:
        message = (
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise invalid("tools", message, "empty_array")
    if request.tool_choice is not None and not request.tools:
        raise invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
    if request.parallel_tool_calls is not None and not request.tools:
        raise invalid("parallel_tool_calls", "'parallel_tool_calls' is only allowed when 'tools' are specified.")
    for place, tool in enumerate(request.tools or ()):
        if isinstance(tool, wire.FunctionTool) and tool.function.strict:
            check_strict(tool.function.parameters or {}, f"tools[{place}].function.parameters", tool.function.name)


def _check_conversation(messages: list[wire.AnyMessage]) -> None:
    """A tool's answer follows the call that it answers, and every call is answered before the talk goes on."""
    open_calls: set[str] = set()
    for place, message in enumerate(messages):
        if isinstance(message, wire.ToolAnswer):
            if message.tool_call_id not in open_calls:
                text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise invalid(f"messages[{place}].role", f"Invalid parameter: {text}")
            open_calls.discard(message.tool_call_id)
        elif open_calls:
            raise _unanswered(open_calls, place)
        if isinstance(message, wire.Assistant):
            open_calls = {call.id for call in message.tool_calls or ()}
            _check_says_something(message, place)
    if open_calls:
        raise _unanswered(open_calls, len(messages))


def _unanswered(calls: set[str], place: int) -> ApiError:
    message = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following ids have no response: {', '.join(sorted(calls))}."
    )
    return invalid(f"messages[{place}]", message)


def _check_says_something(message: wire.Assistant, place: int) -> None:
    said = (message.content, message.tool_calls or None, message.function_call, message.refusal, message.audio)
    if all(part is None for part in said):
        raise missing(f"messages[{place}].content")


def _check_format(request: wire.ChatRequest) -> None:
    format: Any = request.response_format
    if isinstance(format, wire.JsonObjectFormat) and not _mentions_json(request.messages):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise invalid("messages", message)
    if isinstance(format, wire.JsonSchemaFormat):
        if format.json_schema.schema is None:
            raise missing("response_format.json_schema.schema")
        if format.json_schema.strict:
            check_strict(format.json_schema.schema, "response_format", format.json_schema.name)


def _mentions_json(messages: list[wire.AnyMessage]) -> bool:
    return any("json" in content_text(message.content).lower() for message in messages)
