"""``POST /completions``: the older endpoint that continues a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from quire.simulator import tokens
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
    simulation: Simulation
    request: CompletionRequest
    model: str
    encoding: str
    prompts: list[str]
    id: str
    created: int

    @property
    def each(self) -> int:
        return self.request.n or 1

    def choose(self, index: int) -> Choice:
        """The choice of that index: the prompts in order, ``n`` choices each."""
        prompt = self.prompts[index // self.each]
        request = self.request
        key = _encode((self.model, prompt, request.suffix, request.temperature, request.top_p, request.seed))
        written = self.simulation.write(Question(self.model, prompt, key, lambda: prompt), index % self.each)
        limit = request.max_tokens
        if limit is None and written.source != "recording":
            limit = _DEFAULT_MAX_TOKENS
        return finish(written, self.encoding, stop_texts(request.stop), limit)


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
    key = _encode((model, prompts, request.seed))
    work = _Completion(simulation, request, model, encoding, prompts, simulation.new_id("cmpl-", key), simulation.now())
    if request.stream:
        return Stream(_frames(work, sum(counts), work.choose(0)), headers)
    choices = [work.choose(index) for index in range(len(prompts) * work.each)]
    spent = usage(sum(counts), sum(choice.tokens for choice in choices))
    content = {**_head(work), "choices": [_choice(work, *pair) for pair in enumerate(choices)], "usage": spent}
    return json_reply(content, headers=headers, tokens=spent["completion_tokens"])


def _check(request: CompletionRequest) -> None:
    if request.best_of is not None and request.best_of < (request.n or 1):
        raise invalid("best_of", "'best_of' must be greater than or equal to 'n'.")
    if request.stream and (request.best_of or 1) > (request.n or 1):
        raise invalid("best_of", "Results cannot be streamed when 'best_of' is greater than 'n'.")
    if request.stream_options is not None and not request.stream:
        raise invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")


def _text(work: _Completion, index: int, choice: Choice) -> str:
    prompt = work.prompts[index // work.each] if work.request.echo else ""
    return prompt + choice.text


def _choice(work: _Completion, index: int, choice: Choice) -> dict[str, Any]:
    text = _text(work, index, choice)
    likely = None
    if work.request.logprobs is not None:
        likely = _logprobs(tokens.pieces(text, work.encoding), work.request.logprobs)
    return {"text": text, "index": index, "logprobs": likely, "finish_reason": choice.finish}


def _logprobs(pieces: list[str], top: int, start: int = 0) -> dict[str, Any]:
    entries = logprobs(pieces, top)
    offsets = [start]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    return {
        "tokens": pieces,
        "token_logprobs": [entry.logprob for entry in entries],
        "top_logprobs": [dict(entry.top) for entry in entries],
        "text_offset": offsets[:-1],
    }


def _head(work: _Completion) -> dict[str, Any]:
    return {
        "id": work.id,
        "object": "text_completion",
        "created": work.created,
        "model": work.model,
        "system_fingerprint": FINGERPRINT,
    }


def _frames(work: _Completion, prompt_tokens: int, first: Choice) -> Iterator[bytes]:
    include_usage = work.request.stream_options is not None and bool(work.request.stream_options.include_usage)
    extra = {"usage": None} if include_usage else {}
    spent = 0
    for index in range(len(work.prompts) * work.each):
        choice = first if index == 0 else work.choose(index)
        spent += choice.tokens
        offset = 0
        for piece in tokens.pieces(_text(work, index, choice), work.encoding):
            likely = work.request.logprobs
            logs = None if likely is None else _logprobs([piece], likely, offset)
            offset += len(piece)
            part = {"text": piece, "index": index, "logprobs": logs, "finish_reason": None}
            yield event({**_head(work), "choices": [part], **extra})
        last = {"text": "", "index": index, "logprobs": None, "finish_reason": choice.finish}
        yield event({**_head(work), "choices": [last], **extra})
    if include_usage:
        yield event({**_head(work), "choices": [], "usage": usage(prompt_tokens, spent)})
    yield DONE
