"""``POST /embeddings``: vectors of unit length in which texts that share words lie near to one another."""

from __future__ import annotations

import base64
import functools
import math
import re
from array import array
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from quire.domain import tokens
from quire.simulator.capabilities import context_length, dimensions, unsupported
from quire.simulator.draws import digest
from quire.simulator.errors import invalid, missing
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.simulation import Simulation
from quire.simulator.token_input import texts_of
from quire.simulator.validation import decode

ECHO = (0.1, 0.2, 0.3)
"""The vector of every text when the simulator echoes."""
_MOST_INPUTS = 2048
_MOST_DIMENSIONS = 8_192
_PLACES = 12
_WORD = re.compile(r"\w+")


class EmbeddingRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request. ``model`` may be absent on Azure, where the path names the deployment."""

    input: str | list[Any]
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    user: str | None = None
    input_type: str | None = None


_DECODER = msgspec.json.Decoder(EmbeddingRequest)


def create(simulation: Simulation, incoming: Request) -> Reply:
    """Answer an embeddings request. Raises ApiError for what OpenAI refuses."""
    request = decode(_DECODER, incoming.body)
    model = request.model or incoming.deployment
    if not model:
        raise missing("model")
    encoding = tokens.encoding_name(model)
    texts = texts_of("input", request.input, encoding)
    counts = [tokens.count(text, encoding) for text in texts]
    _check(request, model, texts, counts, echo=simulation.behaviour.echo)
    headers = simulation.admit(model, sum(counts))
    size = request.dimensions or dimensions(model)
    plain = request.encoding_format != "base64"
    if simulation.behaviour.echo:
        vectors: list[Any] = [ECHO] * len(texts)
    else:
        seed = simulation.behaviour.seed
        vectors = [(listed if plain else encoded)(text, model, size, seed) for text in texts]
    content = {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)],
        "model": model,
        "usage": {"prompt_tokens": sum(counts), "total_tokens": sum(counts)},
    }
    return json_reply(content, headers=headers)


def _check(request: EmbeddingRequest, model: str, texts: list[str], counts: list[int], *, echo: bool) -> None:
    if len(texts) > _MOST_INPUTS:
        message = f"Invalid 'input': array too long. Expected at most {_MOST_INPUTS} elements, but got {len(texts)}."
        raise invalid("input", message, "array_above_max_length")
    if "" in texts and not echo:
        raise invalid("input", "Invalid 'input': a text is empty. Every text needs at least one character.")
    if max(counts) > context_length(model):
        message = (
            f"This model's maximum context length is {context_length(model)} tokens, but a text has {max(counts)}."
        )
        raise invalid("input", message, "context_length_exceeded")
    if request.dimensions is None:
        return
    if model == "text-embedding-ada-002":
        raise unsupported("dimensions", "Leave it out.")
    most = dimensions(model) if model.startswith("text-embedding-3") else _MOST_DIMENSIONS
    if request.dimensions > most:
        message = f"Invalid 'dimensions': the vectors of this model have {most} at most."
        raise invalid("dimensions", message, "integer_above_max_value")


@functools.lru_cache(maxsize=512)
def vector(text: str, model: str, size: int, seed: int) -> array[float]:
    """The vector of a text: each word adds to a few places that its hash names, the text itself to a few more.

    Single precision, unit length. The same text gives the same vector, texts with common words similar ones.
    """
    sums = [0.0] * size
    origin = f"{seed} {model}".encode()
    for word in _WORD.findall(text.lower()):
        _add(sums, origin, word.encode(), 1.0)
    _add(sums, origin, b"text:" + text.encode("utf-8", "surrogatepass"), 0.35)
    norm = math.sqrt(sum(value * value for value in sums)) or 1.0
    return array("f", [value / norm for value in sums])


@functools.lru_cache(maxsize=64)
def listed(text: str, model: str, size: int, seed: int) -> list[float]:
    """The vector of a text as JSON carries it."""
    return vector(text, model, size, seed).tolist()


@functools.lru_cache(maxsize=512)
def encoded(text: str, model: str, size: int, seed: int) -> str:
    """The vector of a text as OpenAI packs it: little-endian single precision, base64."""
    return base64.b64encode(vector(text, model, size, seed).tobytes()).decode()


def _add(sums: list[float], origin: bytes, feature: bytes, weight: float) -> None:
    draw = digest(origin, feature, size=4 * _PLACES)
    for place in range(_PLACES):
        number = int.from_bytes(draw[4 * place : 4 * place + 4], "little")
        sums[(number >> 1) % len(sums)] += weight if number & 1 else -weight
