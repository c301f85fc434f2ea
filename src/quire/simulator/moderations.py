"""``POST /moderations``: scores near zero, unless a text asks to be flagged with ``[flag:violence]``."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from quire.domain.tokens import count
from quire.simulator.draws import uniform
from quire.simulator.errors import invalid
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.simulation import Simulation
from quire.simulator.validation import decode

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_IMAGE_CATEGORIES = frozenset(
    name for name in _CATEGORIES if name.startswith(("self-harm", "violence")) or name == "sexual"
)
_FLAG = re.compile(r"\[flag:([a-z/-]+)\]")
_DEFAULT_MODEL = "omni-moderation-latest"


class _ImageUrl(msgspec.Struct):
    url: str


class _Part(msgspec.Struct):
    type: Literal["text", "image_url"]
    text: str | None = None
    image_url: _ImageUrl | None = None


class ModerationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request."""

    input: str | list[str | _Part]
    model: str | None = None


_DECODER = msgspec.json.Decoder(ModerationRequest)


def create(simulation: Simulation, incoming: Request) -> Reply:
    """Score each text; parts of one multimodal input are scored together."""
    request = decode(_DECODER, incoming.body)
    if request.input == []:
        raise invalid("input", "Invalid 'input': empty array. Give at least one text.", "empty_array")
    model = request.model or _DEFAULT_MODEL
    texts = _texts(request.input)
    headers = simulation.admit(model, sum(count(text, "o200k_base") for text in texts))
    images = not isinstance(request.input, str) and any(isinstance(part, _Part) for part in request.input)
    results = [_result(text, simulation.behaviour.seed, images=images) for text in texts]
    return json_reply(
        {"id": simulation.new_id("modr-", incoming.body), "model": model, "results": results}, headers=headers
    )


def _texts(given: str | list[str | _Part]) -> list[str]:
    if isinstance(given, str):
        return [given]
    if all(isinstance(item, str) for item in given):
        return [item for item in given if isinstance(item, str)]
    return [" ".join(item if isinstance(item, str) else item.text or "" for item in given)]


def _result(text: str, seed: int, *, images: bool) -> dict[str, Any]:
    asked = set(_FLAG.findall(text))
    origin = f"{seed} {text}".encode("utf-8", "surrogatepass")
    drawn = {name: uniform(b"moderation", origin, name.encode()) for name in _CATEGORIES}
    scores = {n: round(0.9 + d / 10 if n in asked else d / 100, 6) for n, d in drawn.items()}
    return {
        "flagged": bool(asked & set(_CATEGORIES)),
        "categories": {name: name in asked for name in _CATEGORIES},
        "category_scores": scores,
        "category_applied_input_types": {
            name: ["text", "image"] if images and name in _IMAGE_CATEGORIES else ["text"] for name in _CATEGORIES
        },
    }
