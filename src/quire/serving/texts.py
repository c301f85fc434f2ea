"""What an answer says, as a scorer is shown it: the text of a whole answer, or of its stream."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.calls import Answer, Call, Usage
from quire.domain.outputs import UnreadableAnswer, read_outputs
from quire.domain.unreadable import UNREADABLE
from quire.serving.assembling import shown
from quire.serving.request import Done, Route


def answer_text(route: Route, body: bytes) -> str | None:
    """The words of an answer; tool calls as JSON where it calls tools instead; None where it cannot be read."""
    found = shown(route, body).outputs
    whole = None if found is None else _object(found)
    return None if whole is None else _whole(route, whole)


def asked(done: Done) -> dict[str, Any]:
    """What was asked, as inputs: the template's variables if the caller gave any, and the caller's own messages."""
    body = done.ask.body
    found: dict[str, Any] = dict(done.ask.variables)
    for name in ("messages", "input", "prompt"):
        value = body.get(name)
        if value is not None and not (name == "prompt" and isinstance(value, dict)):
            found[name] = value
    return found


def _whole(route: Route, answer: dict[str, Any]) -> str | None:
    call = Call(task=route, body={}, rows=(0,))
    try:
        outputs = read_outputs(Answer(call, answer, Usage(), 0.0))
    except UnreadableAnswer:
        return None
    return str(outputs[0])


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None
