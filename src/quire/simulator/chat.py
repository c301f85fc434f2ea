"""``POST /chat/completions`` and the chat completions that were stored."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain import tokens
from quire.simulator import chat_rules, chat_stream
from quire.simulator.answers import Question
from quire.simulator.capabilities import check_context, reasoning_tokens
from quire.simulator.chat_prompt import prompt_tokens, question
from quire.simulator.chat_request import DECODER, ChatRequest, CustomTool, NamedCustom, NamedFunction
from quire.simulator.choices import Choice, chat_logprobs, finish, stop_texts
from quire.simulator.draws import digest
from quire.simulator.errors import missing
from quire.simulator.http import FINGERPRINT, Reply, Request, Stream, json_reply
from quire.simulator.limits import ASSUMED_ANSWER
from quire.simulator.simulation import Simulation
from quire.simulator.validation import decode


class Chat(msgspec.Struct):
    """An answered request: its choices, and what is common to all of them."""

    request: ChatRequest
    model: str
    encoding: str
    question: Question
    prompt_tokens: int
    reasoning_tokens: int
    id: str
    created: int
    choices: list[Choice]

    def usage(self) -> dict[str, Any]:
        """The tokens spent."""
        reasoning = self.reasoning_tokens * len(self.choices)
        return usage(self.prompt_tokens, sum(choice.tokens for choice in self.choices) + reasoning, reasoning)

    def calls(self, choice: Choice) -> list[dict[str, Any]]:
        """A choice's tool calls in the form of a message."""
        custom = {tool.custom.name for tool in self.request.tools or () if isinstance(tool, CustomTool)}
        result: list[dict[str, Any]] = []
        for place, call in enumerate(choice.calls):
            name = "call_" + digest(b"call", self.question.key, self.id.encode(), b"%d" % place, size=12).hex()
            if call.name in custom:
                result.append({"id": name, "type": "custom", "custom": {"name": call.name, "input": call.arguments}})
            else:
                function = {"name": call.name, "arguments": call.arguments}
                result.append({"id": name, "type": "function", "function": function})
        return result

    def finish_reason(self, choice: Choice) -> str:
        """``stop`` also for a function that was named in the request, as OpenAI answers."""
        if choice.finish != "tool_calls":
            return choice.finish
        if self.request.functions:
            return "function_call"
        named = isinstance(self.request.tool_choice, NamedFunction | NamedCustom)
        return "stop" if named else "tool_calls"


def create(simulation: Simulation, incoming: Request) -> Reply | Stream:
    """Answer a chat completion request. Raises ApiError for what OpenAI refuses."""
    request = decode(DECODER, incoming.body)
    model = request.model or incoming.deployment
    if not model:
        raise missing("model")
    chat_rules.check(request, model)
    encoding = tokens.encoding_name(model)
    prompt = prompt_tokens(request, encoding)
    limit = request.max_completion_tokens or request.max_tokens
    check_context(model, prompt, limit or 0, "messages")
    headers = simulation.admit(model, prompt + (limit or ASSUMED_ANSWER) * (request.n or 1))
    chat = _chat(simulation, request, incoming, model, encoding, prompt, limit)
    if request.store:
        simulation.completions.add(chat.id, _completion(chat))
    if request.stream:
        return Stream(chat_stream.frames(chat), headers)
    content = _completion(chat)
    return json_reply(content, headers=headers, tokens=content["usage"]["completion_tokens"])


def _chat(
    simulation: Simulation,
    request: ChatRequest,
    incoming: Request,
    model: str,
    encoding: str,
    prompt: int,
    limit: int | None,
) -> Chat:
    asked = question(request, model, incoming.body, call_tools=simulation.behaviour.call_tools)
    echo = simulation.behaviour.echo
    thought = 0 if echo else reasoning_tokens(model, request.reasoning_effort, asked.key)
    thought = thought if limit is None else min(thought, limit)
    left = None if limit is None else limit - thought
    stop = stop_texts(request.stop)
    written = [simulation.write(asked, place) for place in range(request.n or 1)]
    return Chat(
        request=request,
        model=model,
        encoding=encoding,
        question=asked,
        prompt_tokens=prompt,
        reasoning_tokens=thought,
        id=simulation.new_id("chatcmpl-", asked.key),
        created=simulation.now(),
        choices=[finish(one, encoding, stop, left) for one in written],
    )


def _completion(chat: Chat) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": chat.id,
        "object": "chat.completion",
        "created": chat.created,
        "model": chat.model,
        "choices": [_choice(chat, place, choice) for place, choice in enumerate(chat.choices)],
        "usage": chat.usage(),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    if chat.request.store and chat.request.metadata is not None:
        content["metadata"] = chat.request.metadata
    return content


def _choice(chat: Chat, place: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.calls else choice.text,
        "refusal": None,
        "annotations": [],
    }
    if choice.calls and chat.request.functions:
        message["function_call"] = {"name": choice.calls[0].name, "arguments": choice.calls[0].arguments}
    elif choice.calls:
        message["tool_calls"] = chat.calls(choice)
    logprobs = None
    if chat.request.logprobs:
        pieces = tokens.pieces(choice.text, chat.encoding)
        logprobs = {"content": chat_logprobs(pieces, chat.request.top_logprobs or 0), "refusal": None}
    return {
        "index": place,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": chat.finish_reason(choice),
    }


def usage(prompt: int, answer: int, reasoning: int = 0) -> dict[str, Any]:
    """The usage object of chat completions and completions."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
