"""``POST /completions``: the older endpoint that continues a text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from quire.domain import tokens
from quire.simulator.answers import Question
from quire.simulator.capabilities import check_context
from quire.simulator.chat import usage
from quire.simulator.chat_request import Penalty, Share, Stop, StreamOptions, Temperature
from quire.simulator.choices import Choice, finish, logprobs, stop_texts
from quire.simulator.errors import invalid, missing
from quire.simulator.http import DONE, FINGERPRINT, Reply, Request, Stream, event, json_reply
from quire.simulator.simulation import Simulation
from quire.simulator.token_input import texts_of
from quire.simulator.validation import decode

_DEFAULT_MAX_TOKENS = 16
_encode = msgspec.json.Encoder().encode


class CompletionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request. ``model`` may be absent on Azure, where the path names the deployment."""

    prompt: str | list[Any] | None
    model: str | None = None
    best_of: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    presence_penalty: Penalty | None = None
    seed: int | None = None
    stop: Stop | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    user: str | None = None


_DECODER = msgspec.json.Decoder(CompletionRequest)


class _Completion(msgspec.Struct):
    """An answered request: ``choices`` holds those of the first prompt, then those of the next."""

    request: CompletionRequest
    model: str
    encoding: str
    prompts: list[str]
    prompt_tokens: int
    choices: list[Choice]
    id: str
    created: int

    def usage(self) -> dict[str, Any]:
        """The tokens spent."""
        return usage(self.prompt_tokens, sum(choice.tokens for choice in self.choices))

    def text(self, index: int) -> str:
        """The text of a choice, after its prompt where the request wants that too."""
        prompt = self.prompts[index * len(self.prompts) // len(self.choices)] if self.request.echo else ""
        return prompt + self.choices[index].text

    def pieces(self, index: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Each token of a choice's text, with its log probability where the request wants it."""
        pieces = tokens.pieces(self.text(index), self.encoding)
        likely = self.logprobs(index)
        for place, piece in enumerate(pieces):
            yield piece, likely and {name: values[place : place + 1] for name, values in likely.items()}

    def logprobs(self, index: int) -> dict[str, Any] | None:
        """The log probabilities of a choice; None where they are not wanted."""
        if self.request.logprobs is None:
            return None
        pieces = tokens.pieces(self.text(index), self.encoding)
        entries = logprobs(pieces, self.request.logprobs)
        return {
            "tokens": pieces,
            "token_logprobs": [entry.logprob for entry in entries],
            "top_logprobs": [dict(entry.top) for entry in entries],
            "text_offset": [0, *itertools.accumulate(len(piece) for piece in pieces)][:-1],
        }


def create(simulation: Simulation, incoming: Request) -> Reply | Stream:
    """Answer a completion request. Raises ApiError for what OpenAI refuses."""
    request = decode(_DECODER, incoming.body)
    model = request.model or incoming.deployment
    if not model:
        raise missing("model")
    encoding = tokens.encoding_name(model)
    prompts = texts_of("prompt", request.prompt if request.prompt is not None else "", encoding)
    _check(request)
    counts = [tokens.count(prompt, encoding) for prompt in prompts]
    limit = _DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens
    check_context(model, max(counts), limit, "prompt")
    headers = simulation.admit(model, sum(counts) + limit * len(prompts) * (request.n or 1))
    work = _Completion(
        request=request,
        model=model,
        encoding=encoding,
        prompts=prompts,
        prompt_tokens=sum(counts),
        choices=[choice for prompt in prompts for choice in _answer(simulation, request, model, prompt)],
        id=simulation.new_id("cmpl-", _encode((model, prompts, request.seed))),
        created=simulation.now(),
    )
    if request.stream:
        return Stream(_frames(work), headers)
    choices = [_choice(work, index) for index in range(len(work.choices))]
    content = {**_head(work), "choices": choices, "usage": work.usage()}
    return json_reply(content, headers=headers, tokens=content["usage"]["completion_tokens"])


def _answer(simulation: Simulation, request: CompletionRequest, model: str, prompt: str) -> Iterator[Choice]:
    """The choices of one prompt. A recorded answer is cut only where the request says so."""
    key = _encode((model, prompt, request.suffix, request.temperature, request.top_p, request.seed))
    question = Question(model, prompt, key, lambda: prompt)
    for place in range(request.n or 1):
        written = simulation.write(question, place)
        limit = request.max_tokens
        if limit is None and written.source != "recording":
            limit = _DEFAULT_MAX_TOKENS
        yield finish(written, tokens.encoding_name(model), stop_texts(request.stop), limit)


def _check(request: CompletionRequest) -> None:
    if request.best_of is not None and request.best_of < (request.n or 1):
        raise invalid("best_of", "'best_of' must be greater than or equal to 'n'.")
    if request.stream and (request.best_of or 1) > (request.n or 1):
        raise invalid("best_of", "Results cannot be streamed when 'best_of' is greater than 'n'.")
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")


def _choice(work: _Completion, index: int) -> dict[str, Any]:
    finish_reason = work.choices[index].finish
    return {
        "text": work.text(index),
        "index": index,
        "logprobs": work.logprobs(index),
        "finish_reason": finish_reason,
    }


def _head(work: _Completion) -> dict[str, Any]:
    return {
        "id": work.id,
        "object": "text_completion",
        "created": work.created,
        "model": work.model,
        "system_fingerprint": FINGERPRINT,
    }


def _frames(work: _Completion) -> Iterator[bytes]:
    include_usage = work.request.stream_options is not None and bool(work.request.stream_options.include_usage)
    extra = {"usage": None} if include_usage else {}
    for index, choice in enumerate(work.choices):
        for piece, likely in work.pieces(index):
            part = {"text": piece, "index": index, "logprobs": likely, "finish_reason": None}
            yield event({**_head(work), "choices": [part], **extra})
        last = {"text": "", "index": index, "logprobs": None, "finish_reason": choice.finish}
        yield event({**_head(work), "choices": [last], **extra})
    if include_usage:
        yield event({**_head(work), "choices": [], "usage": work.usage()})
    yield DONE
