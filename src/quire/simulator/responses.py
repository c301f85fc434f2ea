"""``POST /responses``: answering a request of the Responses API."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from quire.domain import tokens
from quire.simulator import responses_stream
from quire.simulator.answers import JSON_OBJECT, Question
from quire.simulator.capabilities import check_context, check_sampling, reasoning_tokens
from quire.simulator.chat_request import JsonObjectFormat
from quire.simulator.choices import Choice, chat_logprobs, finish
from quire.simulator.draws import digest
from quire.simulator.errors import ApiError, invalid, missing
from quire.simulator.http import FINGERPRINT, Reply, Request, Stream, json_reply
from quire.simulator.limits import ASSUMED_ANSWER
from quire.simulator.responses_input import Items, check_calls, content_text, input_tokens, last_user_text, read_items
from quire.simulator.responses_request import DECODER, JsonSchemaFormat, Reasoning, ResponsesRequest
from quire.simulator.responses_tools import read_tools, stated_tools, tool_to_call
from quire.simulator.simulation import Simulation
from quire.simulator.strict_schema import check_strict
from quire.simulator.validation import decode, read_json
from quire.simulator.words import sentence

_PROMPT_MODEL = "gpt-4o"
"""The model that a stored prompt is said to name, when the request names none."""


class Stored(msgspec.Struct):
    """A response that may be asked for later: its body, its own input, and the whole conversation so far."""

    body: dict[str, Any]
    input: Items
    conversation: Items


class Turn(msgspec.Struct):
    """A request with all that was read from it."""

    request: ResponsesRequest
    model: str
    encoding: str
    items: Items
    conversation: Items
    tools: list[dict[str, Any]]
    question: Question
    input_tokens: int

    @property
    def wants_logprobs(self) -> bool:
        """Whether the answer carries log probabilities."""
        return "message.output_text.logprobs" in (self.request.include or ()) or bool(self.request.top_logprobs)


def create(simulation: Simulation, incoming: Request) -> Reply | Stream:
    """Answer a request. Raises ApiError for what OpenAI refuses."""
    turn = read_turn(simulation, incoming)
    request = turn.request
    limit = request.max_output_tokens
    check_context(turn.model, turn.input_tokens, limit or 0, "input")
    headers = simulation.admit(turn.model, turn.input_tokens + (limit or ASSUMED_ANSWER))
    written = simulation.write(turn.question)
    thought = 0
    if not simulation.behaviour.echo:
        effort = request.reasoning.effort if request.reasoning else None
        thought = reasoning_tokens(turn.model, effort, turn.question.key)
        thought = min(thought, limit) if limit is not None else thought
    choice = finish(written, turn.encoding, (), None if limit is None else limit - thought)
    body = _body(simulation, turn, choice, thought)
    if request.store is not False:
        whole = [*turn.conversation, *body["output"]]
        simulation.responses.add(body["id"], Stored(body, turn.items, whole))
    if request.stream:
        return Stream(responses_stream.frames(body, turn.encoding), headers)
    if request.background:
        body = {**responses_stream.unfinished(body), "status": "queued"}
    return json_reply(body, headers=headers, tokens=choice.tokens + thought)


def read_turn(simulation: Simulation, incoming: Request) -> Turn:
    """Read and check a request. Raises ApiError (400)."""
    request = decode(DECODER, incoming.body)
    model = request.model or incoming.deployment or (_PROMPT_MODEL if request.prompt else None)
    if not model:
        raise missing("model")
    if request.input is None and request.prompt is None:
        raise missing("input")
    _check(request, model)
    items = read_items(request.input if request.input is not None else [])
    conversation = [*_earlier(simulation, request), *items]
    check_calls(conversation)
    tools = read_tools(request)
    answered = bool(conversation) and str(conversation[-1].get("type")).endswith("_output")
    always = simulation.behaviour.call_tools == "auto"
    tool = tool_to_call(request, tools, always=always, answered=answered)
    stated = stated_tools(request)
    encoding = tokens.encoding_name(model)
    options = (request.instructions, stated, request.text, request.temperature, request.top_p, request.prompt)
    key = msgspec.json.encode((model, conversation, *options))
    question = Question(model, last_user_text(items), key, lambda: _echo(incoming.body), _format(request), tool)
    count = input_tokens(conversation, request.instructions, stated, encoding)
    return Turn(request, model, encoding, items, conversation, stated, question, count)


def _check(request: ResponsesRequest, model: str) -> None:
    check_sampling(model, request.temperature, request.top_p)
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    if request.conversation is not None:
        message = "The simulator keeps no conversations. Use 'previous_response_id' or send the items."
        raise ApiError(400, message, param="conversation", code="unsupported_parameter")
    if request.background and request.store is False:
        raise invalid("background", "A response in the background must be stored: leave out store=false.")
    format = request.text.format if request.text else None
    if isinstance(format, JsonSchemaFormat) and format.strict:
        check_strict(format.schema, "text.format.schema", format.name)
    if isinstance(format, JsonObjectFormat) and "json" not in _all_text(request).lower():
        message = "'input' must contain the word 'json' in some form, to use 'text.format' of type 'json_object'."
        raise invalid("input", message)


def _all_text(request: ResponsesRequest) -> str:
    given = request.input or ""
    items = [] if isinstance(given, str) else given
    texts = [content_text(item["content"]) for item in items if isinstance(item.get("content"), list | str)]
    return "\n".join([request.instructions or "", given if isinstance(given, str) else "", *texts])


def _earlier(simulation: Simulation, request: ResponsesRequest) -> Items:
    if request.previous_response_id is None:
        return []
    stored: Stored | None = simulation.responses.get(request.previous_response_id)
    if stored is None:
        message = f"Previous response with id '{request.previous_response_id}' not found."
        raise ApiError(400, message, param="previous_response_id", code="previous_response_not_found")
    return stored.conversation


def _echo(body: bytes) -> str:
    given = read_json(body).get("input", "")
    return given if isinstance(given, str) else json.dumps(given)


def _format(request: ResponsesRequest) -> Any:
    format = request.text.format if request.text else None
    if isinstance(format, JsonSchemaFormat):
        return format.schema
    return JSON_OBJECT if isinstance(format, JsonObjectFormat) else None


def _body(simulation: Simulation, turn: Turn, choice: Choice, thought: int) -> dict[str, Any]:
    request = turn.request
    now = simulation.now()
    name = simulation.new_id("resp_", turn.question.key)
    cut = choice.finish == "length"
    answer = choice.tokens + thought
    body: dict[str, Any] = {
        "id": name,
        "object": "response",
        "created_at": now,
        "completed_at": None if cut else now,
        "status": "incomplete" if cut else "completed",
        "background": bool(request.background),
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": turn.model,
        "output": _output(turn, choice, thought, name),
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": _reasoning(request.reasoning),
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": request.store is not False,
        "system_fingerprint": FINGERPRINT,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": _stated_text(request),
        "tool_choice": request.tool_choice or "auto",
        "tools": turn.tools,
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": request.truncation or "disabled",
        "usage": {
            "input_tokens": turn.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": answer,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": turn.input_tokens + answer,
        },
        "metadata": request.metadata or {},
    }
    if request.user is not None:
        body["user"] = request.user
    if request.prompt is not None:
        body["prompt"] = msgspec.to_builtins(request.prompt)
    return body


def _reasoning(given: Reasoning | None) -> dict[str, Any]:
    given = given or Reasoning()
    return {"effort": given.effort, "summary": given.summary or given.generate_summary}


def _stated_text(request: ResponsesRequest) -> dict[str, Any]:
    text = msgspec.to_builtins(request.text) if request.text else {}
    return {"verbosity": "medium", **text, "format": text.get("format") or {"type": "text"}}


def _output(turn: Turn, choice: Choice, thought: int, response_id: str) -> Items:
    origin = response_id.encode()
    items: Items = [_thought(turn, origin)] if thought else []
    for place, call in enumerate(choice.calls):
        unique = digest(b"item", origin, b"%d" % place, size=12).hex()
        item = {"call_id": f"call_{unique}", "name": call.name, "status": "completed"}
        if _is_custom(turn, call.name):
            items.append({"type": "custom_tool_call", "id": f"ctc_{unique}", "input": call.arguments, **item})
        else:
            items.append({"type": "function_call", "id": f"fc_{unique}", "arguments": call.arguments, **item})
    if not choice.calls and not (thought and choice.finish == "length" and not choice.text):
        items.append(_message(turn, choice, origin))
    return items


def _is_custom(turn: Turn, name: str) -> bool:
    return any(tool["type"] == "custom" and tool.get("name") == name for tool in turn.tools)


def _message(turn: Turn, choice: Choice, origin: bytes) -> dict[str, Any]:
    likely: list[dict[str, Any]] = []
    if turn.wants_logprobs:
        likely = chat_logprobs(tokens.pieces(choice.text, turn.encoding), turn.request.top_logprobs or 0)
    part = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": likely}
    return {
        "type": "message",
        "id": "msg_" + digest(b"message", origin, size=12).hex(),
        "status": "incomplete" if choice.finish == "length" else "completed",
        "role": "assistant",
        "content": [part],
    }


def _thought(turn: Turn, origin: bytes) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": "reasoning",
        "id": "rs_" + digest(b"reasoning", origin, size=12).hex(),
        "summary": [],
    }
    reasoning = turn.request.reasoning
    if reasoning is not None and (reasoning.summary or reasoning.generate_summary):
        item["summary"] = [{"type": "summary_text", "text": sentence(b"summary" + turn.question.key)}]
    if "reasoning.encrypted_content" in (turn.request.include or ()):
        item["encrypted_content"] = "simulated:" + digest(b"thought", origin, size=24).hex()
    return item
