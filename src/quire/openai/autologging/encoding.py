"""Answers as JSON text: objects of the SDK, audio, text, with huge binary values left out."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.unreadable import UNREADABLE
from quire.openai.autologging.calls import TracedCall
from quire.tracing.values import to_json


def encoded(answer: Any, call: TracedCall) -> bytes | None:
    """A snapshot of an answer. Of audio and pictures only the size is kept."""
    if answer is None:
        return None
    if hasattr(type(answer), "model_dump_json"):
        text = _dumped(answer)
        return to_json(_without_pictures(msgspec.json.decode(text))) if call.kind == "image" else text
    content = answer if isinstance(answer, bytes | bytearray) else getattr(answer, "content", None)
    if isinstance(content, bytes | bytearray):
        return _of_bytes(bytes(content))
    if call.kind == "image" and isinstance(answer, dict):
        answer = _without_pictures(answer)
    return to_json(answer)


def _dumped(answer: Any) -> bytes:
    """An object of the SDK, by the names of the API.

    One that pydantic cannot write (a program's own type in it) is written field by field.
    """
    serializer = getattr(type(answer), "__pydantic_serializer__", None)
    try:
        if serializer is not None:  # what pydantic 2's own method calls, without the way there and back through text
            written: bytes = serializer.to_json(answer, warnings=False, by_alias=True)
            return written
        text: str = answer.model_dump_json(warnings=False, by_alias=True)
    except TypeError:  # pydantic 1 has no such parameter
        text = answer.model_dump_json(by_alias=True)
    except ValueError:
        return to_json(dict(answer))
    return text.encode()


def _of_bytes(content: bytes) -> bytes:
    """JSON as it is, of anything else its size."""
    if content.lstrip()[:1] in (b"{", b"["):
        try:
            msgspec.json.decode(content)
        except UNREADABLE:
            pass
        else:
            return content
    return to_json(f"<{len(content)} bytes>")


def _without_pictures(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_without_pictures(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        key: f"<{len(value)} characters of base64>"
        if key in ("b64_json", "partial_image_b64") and isinstance(value, str)
        else _without_pictures(value)
        for key, value in answer.items()
    }
