"""Which answers may be kept, and under which key: by the content of what is sent, to whom. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from quire.domain.calls import Task
from quire.domain.endpoints import Caching
from quire.domain.unreadable import UNREADABLE
from quire.serving.request import Outgoing, Reply

_STATEFUL = ("previous_response_id", "conversation")
"""Parameters that read what an earlier request left with the upstream."""
_PURE_TOOLS = frozenset({"function", "custom"})
"""Tools that the caller carries out. Any other looks at the world: the same question may have another answer."""
_DONE = (b"data: [DONE]", b"data:[DONE]")
_ERROR = re.compile(rb'^data:\s*\{\s*"error"', re.MULTILINE)
_COMPLETED = b'"response.completed"'
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict).decode


def cache_key(out: Outgoing, model: str, *, stream: bool) -> bytes:
    """The key of a request: its route and parameters, whatever the order of these, as ``model`` is asked.

    The order inside of a parameter stays, because it may mean something: a JSON schema's properties are answered in
    theirs. What names a user counts too, because answers repeat it.
    """
    body = {**out.body, "model": model, "stream": stream}
    canonical = _encode([out.route, sorted(body.items())])
    return hashlib.blake2b(canonical, digest_size=24).digest()


def may_be_kept(out: Outgoing, rule: Caching) -> bool:
    """Whether an answer follows from the request alone, and asking has no other effect.

    Sampling is no hindrance unless the rule says ``deterministic_only``: whoever turns the cache on wants one answer
    to one question.
    """
    body = out.body
    if any(body.get(name) is not None for name in _STATEFUL) or body.get("store") is True or body.get("background"):
        return False
    if any(_looks_at_the_world(tool) for tool in body.get("tools") or ()) or body.get("web_search_options") is not None:
        return False
    return not rule.deterministic_only or is_deterministic(out)


def is_deterministic(out: Outgoing) -> bool:
    """Whether the same request is meant to have the same answer: embeddings, a temperature of 0, or a seed."""
    return out.route == "embeddings" or out.body.get("temperature") == 0 or out.body.get("seed") is not None


def _looks_at_the_world(tool: Any) -> bool:
    return not isinstance(tool, dict) or tool.get("type", "function") not in _PURE_TOOLS


def is_whole(route: Task, reply: Reply) -> bool:
    """Whether a reply is an answer worth keeping: 200, JSON, no error in it, and brought to its end."""
    if reply.status != 200:
        return False
    try:
        body = _decode(reply.body)
    except UNREADABLE:
        return False
    if body.get("error"):
        return False
    return route != "responses" or body.get("status", "completed") == "completed"


def is_whole_stream(route: Task, status: int, body: bytes) -> bool:
    """Whether a stream said that it was at its end."""
    if status != 200:
        return False
    last = body.rstrip().rpartition(b"\n")[2]
    if route == "responses":
        return _COMPLETED in last
    return last in _DONE and _ERROR.search(body) is None
